"""Experience replay as a data set that grows while it is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch.utils.data import DataLoader, IterableDataset

from ddpg_lib.parts.replay import Batch
from ddpg_lib.training import Training

Item = Batch | tuple[()]
"""A minibatch, or nothing while the warm-up fills the replay buffer."""


class ReplayDataset(IterableDataset[Item]):
    """One item a step: each is drawn after one more step in every environment.

    So asking for an item acts, executes and stores (Lillicrap et al. 2016, Algorithm 1), and what
    comes is a minibatch for the update that follows. Reading goes on from where it stopped, for
    an epoch: the steps between two evaluations.

    Its length, which is that of an epoch, is no ornament. A loader that knows it asks for an item
    when the item is needed; one that does not asks one ahead, to know which is the last, and so
    acts with weights that lack an update.

    Parameters
    ----------
    loop
        Takes the steps. Its agent's ``update`` must leave the networks as they are.
    sized
        Whether the length is known.
    """

    def __init__(self, loop: Training, sized: bool = True) -> None:
        self.loop, self.sized = loop, sized

    def __iter__(self) -> Iterator[Item]:
        """The items from here to the epoch's end."""
        loop, c = self.loop, self.loop.config
        while not loop.finished:
            # Act, execute, store; the update is up to whoever takes the item.
            loop.advance()
            warming_up = loop.step <= c.warmup_steps
            yield () if warming_up else loop.agent.replay.sample(c.batch_size)
            if loop.step % c.eval_every == 0:
                return

    def __len__(self) -> int:
        """Items in a whole epoch; the last one may be shorter.

        Raises
        ------
        TypeError
            If it is not to be known.
        """
        if not self.sized:
            raise TypeError("the length of this data set is not to be known")
        return self.loop.config.eval_every


def _as_it_is(item: Item) -> Item:
    return item


class ReplayLoader(DataLoader[Item]):
    """A loader of a ``dataset`` of minibatches: it neither batches nor shuffles.

    No worker processes: each would hold a copy of the agents, whose weights never change. The
    state says how far reading has come, so that Lightning may stop amid an epoch and go on; what
    is read is saved by :class:`~ddpg_lib.lightning.system.DDPGSystem`.
    """

    def __init__(self, dataset: ReplayDataset) -> None:
        # What comes is whole: PyTorch's own conversion would rebuild each minibatch.
        super().__init__(dataset, batch_size=None, num_workers=0, collate_fn=_as_it_is)

    def state_dict(self) -> dict[str, Any]:
        """Steps taken so far, for :meth:`load_state_dict`."""
        return {"step": self._loop.step}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Check that the agents stand where reading had come to, by :meth:`state_dict`.

        Raises
        ------
        ValueError
            If they stand elsewhere.
        """
        if state["step"] != self._loop.step:
            raise ValueError(
                f"the checkpoint was written at step {state['step']:,}, and the system stands at "
                f"{self._loop.step:,}"
            )

    @property
    def _loop(self) -> Training:
        assert isinstance(self.dataset, ReplayDataset)
        return self.dataset.loop
