"""Prints the lengths, ranges and patterns of botocore's models, by service, shape and member."""
import json

import botocore.loaders

SERVICES = {
    "ecs": "ecs", "ecr": "ecr", "codedeploy": "codedeploy", "cloudwatch": "cloudwatch", "cloudwatch-logs": "logs", "ssm": "ssm",
    "secrets-manager": "secretsmanager", "eventbridge": "events", "scheduler": "scheduler",
    "elastic-load-balancing-v2": "elbv2", "iam": "iam", "sts": "sts", "vpc-lattice": "vpc-lattice",
}


def constraints(model):
    shapes = model["shapes"]
    found = {}
    for name, shape in shapes.items():
        for member, target in shape.get("members", {}).items():
            its = shapes[target["shape"]]
            limits = {key: its[key] for key in ("min", "max", "pattern") if key in its}
            if limits:
                found.setdefault(name, {})[member] = limits | {"type": its["type"]}
    return found


loader = botocore.loaders.Loader()
known = loader.list_available_services("service-2")
print(json.dumps({
    service: constraints(loader.load_service_model(name, "service-2"))
    for service, name in SERVICES.items() if name in known
}))
