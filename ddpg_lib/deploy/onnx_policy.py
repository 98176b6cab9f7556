"""A policy as an ONNX model, for whatever runs these; needs the extra ``onnx``."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ddpg_lib.ddpg import DDPG
from ddpg_lib.deploy.policy import policy_arrays
from ddpg_lib.runs.saving import replacing

OPSET, IR_VERSION = 17, 8  # the oldest that have LayerNormalization


def require_onnx() -> None:
    """Refuse to go on without the extra ``onnx``.

    Raises
    ------
    RuntimeError
        Naming the command that installs it.
    """
    if importlib.util.find_spec("onnx") is None:
        raise RuntimeError('an ONNX model needs the extra onnx: pip install "ddpg-lib[onnx]"')


def save_onnx(
    agent: DDPG,
    path: str | Path,
    number: int = 0,
    *,
    env: str = "",
    obs_low: ArrayLike | None = None,
    obs_high: ArrayLike | None = None,
) -> None:
    """Write the noise-free policy of one agent as an ONNX model.

    Its input ``obs`` is ``(batch, obs_dim)``, as the environment gives it, and its output
    ``action`` ``(batch, action_dim)``, in the environment's units; both are float32. The
    parameters, ``obs_low`` and ``obs_high`` too, are as for
    :func:`~ddpg_lib.deploy.policy.policy_arrays`.

    Raises
    ------
    RuntimeError
        Without the extra ``onnx``.
    ValueError
        If the model cannot represent the policy, or no agent has this number.
    CheckpointError
        If the file cannot be written.
    """
    require_onnx()
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    p = policy_arrays(agent, number, env=env, obs_low=obs_low, obs_high=obs_high)
    low, high, one = p["action_low"], p["action_high"], np.float32(1)
    constants = {name: x for name, x in p.items() if x.dtype == np.float32}
    constants |= {"center": (high + low) / 2, "half_range": (high - low) / 2, "-1": -one, "1": one}
    nodes: list[onnx.NodeProto] = []

    def apply(operator: str, *inputs: str, **options: Any) -> str:
        output = f"{operator}_{len(nodes)}"
        nodes.append(helper.make_node(operator, inputs, [output], **options))
        return output

    x = "obs"
    if "obs_shift" in p:
        constants["-obs_limit"] = -p["obs_limit"]
        x = apply("Mul", apply("Sub", x, "obs_shift"), "obs_scale")
        x = apply("Clip", x, "-obs_limit", "obs_limit")
    last = sum(name.startswith("weight_") for name in p) - 1
    for i in range(last + 1):
        x = apply("Gemm", x, f"weight_{i}", f"bias_{i}")
        if f"gain_{i}" in p:
            x = apply("LayerNormalization", x, f"gain_{i}", f"offset_{i}", epsilon=1e-5)
        function = str(p["squash" if i == last else "activation"])
        if function == "clip":
            x = apply("Clip", x, "-1", "1")
        elif function == "silu":
            x = apply("Mul", x, apply("Sigmoid", x))
        else:
            x = apply(function.capitalize(), x)  # Relu, Tanh, Elu
    x = apply("Add", apply("Mul", x, "half_range"), "center")
    x = apply("Min", apply("Max", x, "action_low"), "action_high")
    nodes[-1].output[0] = "action"

    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(
        nodes,
        "policy",
        [helper.make_tensor_value_info("obs", TensorProto.FLOAT, ["batch", len(p["weight_0"])])],
        [helper.make_tensor_value_info("action", TensorProto.FLOAT, ["batch", len(low)])],
        [numpy_helper.from_array(np.asarray(x), k) for k, x in constants.items() if k in used],
    )
    model = helper.make_model(
        graph,
        producer_name="ddpg_lib",
        producer_version=str(p["ddpg_lib"]),
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    helper.set_model_props(model, {"env": str(p["env"]), "seed": str(p["seed"])})
    onnx.checker.check_model(model, full_check=True)
    with replacing(Path(path)) as temporary:
        temporary.write_bytes(model.SerializeToString())
