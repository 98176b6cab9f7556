/* Chapter 0: four agents learn while the reader watches, turns dials, and switches bugs on. */
"use strict";
ddpgLiving.define("train-in-the-page", fig => {
  const L = ddpgLiving, { core, serve, Network } = L.ddpg, E = L.data.evaluations;
  const AGENTS = 4, EVERY = 100, PACE = 5, END = 20000, GOOD = -300, WARMUP = 500;
  const s = fig.state({ noise: 0.2, tau: -2, step: -2.4, bug: "", seed: 0, agent: 0 });
  const BUGS = {
    stale: ["The state that never moves on", "all rows of an episode claim to begin in its first "
      + "state. Most actors end at full torque, and hold their rods aside or whirl them round."],
    mixed: ["Every target against every value", "the critic learns one value for everything, about "
      + "the mean, so its slope says nothing. The actors end at full torque to one side."],
    downhill: ["Downhill", "the actors look for the worst. They hold their rods still at the bottom "
      + "or whirl them round; the curves sink below random torque."],
  };
  const tens = v => +(10 ** v).toPrecision(2);
  let run = 0, goal, at, curve, marks, ran, rods, calm = true;
  const actors = Array.from({ length: AGENTS }, () => new Network([3, 32, 32, 1], true, 1));

  /* Training runs in a worker, or in slices of this page's own time where there is none. */
  const hear = report => {
    if (report.run !== run) return;
    at = report.step;
    curve.push(...report.curve);
    ran = report.ms ? report.ms / (report.step - ran[1]) : ran;
    report.actors.forEach((theta, i) => actors[i].theta.set(theta));
  };
})
