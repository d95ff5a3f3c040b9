# %%
import json

# %%
config = json.loads("""
{
  "name": "nightly-train",
  "version": 3,
  "model": {"type": "transformer", "layers": 12, "dropout": 0.15, "optimizer": {"name": "adamw", "lr": 0.0003, "betas": [0.9, 0.98]}},
  "data": {"path": "s3://bucket/train", "batch_size": 64, "shuffle": true, "splits": {"train": 0.8, "val": 0.1, "test": 0.1}},
  "hosts": [
    {"name": "alpha", "gpus": 4, "ram_gb": 256, "tags": ["fast", "eu"]},
    {"name": "beta", "gpus": 8, "ram_gb": 512, "tags": ["us"]},
    {"name": "gamma", "gpus": 2, "ram_gb": 128, "tags": []}
  ],
  "notify": {"email": ["ops@example.org", "ml@example.org"], "slack": null},
  "seed": 1234
}
""")

# %%
runs = [
    {"id": "r1", "epochs": 10, "metrics": {"loss": 0.52, "acc": 0.81}, "status": "done"},
    {"id": "r2", "epochs": 20, "metrics": {"loss": 0.41, "acc": 0.86}, "status": "done"},
    {"id": "r3", "epochs": 20, "metrics": {"loss": 0.44, "acc": 0.88}, "status": "failed"},
    {"id": "r4", "epochs": 40, "metrics": {"loss": 0.39, "acc": 0.87}, "status": "done"},
]

# %%
prices = {"apple": 1.2, "pear": 1.5, "mango": 2.75, "fig": 0.6}
shopping = ["bread", "milk", "eggs", "milk", "butter"]
point = (3, 4, 12)
