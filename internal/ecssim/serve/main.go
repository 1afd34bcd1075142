// Command serve lets awscli and other deployers talk to the simulator:
//
//	go run ./internal/ecssim/serve -listen 127.0.0.1:4566 -scenario healthy
//	aws --endpoint-url http://127.0.0.1:4566 --region eu-west-1 ecs describe-services --cluster main --services web
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"

	"ecs-deploy/internal/ecssim"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:4566", "`address` to listen on")
	name := flag.String("scenario", "healthy", "`name` of the scenario to play")
	pace := flag.Float64("pace", 1, "how many `times` as fast as the clock the world runs")
	taking := flag.Duration(
		"taking", 0, "how `long` new tasks take until they count as healthy, if not as long as in the scenario",
	)
	operations := flag.Bool("operations", false, "list the operations that the simulator knows")
	flag.Parse()
	if *operations {
		fmt.Println(strings.Join(ecssim.Operations(), "\n"))
		return
	}

	scenario, err := ecssim.Named(*name)
	if err != nil {
		log.Fatal(err)
	}
	if *taking > 0 {
		scenario = scenario.Taking(*taking)
	}
	sim := ecssim.New(scenario)
	sim.SetPace(*pace)
	log.Printf("%s (%s) on http://%s", scenario.Name, scenario.Story, *listen)
	server := &http.Server{Addr: *listen, Handler: sim, ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}
