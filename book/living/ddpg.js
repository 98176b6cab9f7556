/* DDPG (Lillicrap et al. 2016, Algorithm 1): the update of ddpg_lib.ddpg, in float64. A worker runs
   the text of this, since a page on disk may not load one by name: hence one function, handed what
   it takes from core.js. */
"use strict";
ddpgLiving.ddpgCore = (clip, random, pendulum) => {
  const column = n => new Float64Array(n);
  const tanh = x => {
    if (x * x < 1e-8) return x;
    const e = Math.exp(2 * clip(x, -20, 20));
    return (e - 1) / (e + 1);
  };
  // out[to + j] += sum over i < m of a[from + i stride] b[i, j], for j < k.
  const addProduct = (a, from, stride, b, out, to, m, k) => {
    for (let j = 0; j < k; j++) {
      let s = out[to + j];
      for (let i = 0, p = from, q = j; i < m; i++, p += stride, q += k) s += a[p] * b[q];
      out[to + j] = s;
    }
  };

  // A perceptron for up to `rows` inputs at once; `theta` holds each layer's W, inputs by outputs, b.
  class Network {
    constructor(sizes, squash, rows, rng = null) {
      const last = sizes.length - 1;
      let size = 0;
      const at = sizes.slice(1).map((k, l) => [size, size += sizes[l] * k, size += k]);
      const [theta, gradient, first, second] = [0, 0, 0, 0].map(() => column(size));
      const parts = x => at.map(([w, b, end]) => [x.subarray(w, b), x.subarray(b, end)]);
      Object.assign(this, { sizes, last, theta, gradient, first, second, t: 0 });
      this.bent = l => l < last - 1 || squash;
      [this.layers, this.slopes] = [parts(theta), parts(gradient)];
      this.h = sizes.map(k => column(rows * k)); // what comes out; h[0] is the input
      this.d = sizes.map(k => column(rows * k)); // dL/dh, then dL/dz
      if (rng)
        this.layers.forEach((both, l) => {
          const bound = l < last - 1 ? sizes[l] ** -0.5 : 3e-3;
          for (const x of both) x.forEach((_, i) => { x[i] = bound * (2 * rng.uniform() - 1); });
        });
    }
    // The outputs of the first n rows of h[0].
    forward(n) {
      for (let l = 0; l < this.last; l++) {
        const [m, k] = [this.sizes[l], this.sizes[l + 1]], [w, b] = this.layers[l], y = this.h[l + 1];
        for (let r = 0; r < n; r++) {
          y.set(b, r * k);
          addProduct(this.h[l], r * m, 1, w, y, r * k, m, k);
        }
        if (this.bent(l)) for (let i = 0; i < n * k; i++) y[i] = tanh(y[i]);
      }
      return this.h[this.last];
    }
    // From dL/doutput in d[last] to that of the weights, or else to that of the input in d[0].
    backward(n, weights) {
      for (let l = this.last - 1; l >= 0; l--) {
        const [m, k] = [this.sizes[l], this.sizes[l + 1]], [w] = this.layers[l];
        const d = this.d[l + 1], y = this.h[l + 1], dx = this.d[l];
        if (this.bent(l)) for (let i = 0; i < n * k; i++) d[i] *= 1 - y[i] * y[i];
        if (weights) {
          const [dw, db] = this.slopes[l];
          dw.fill(0);
          db.fill(0);
          for (let i = 0; i < m; i++) addProduct(this.h[l], i, m, d, dw, i * k, n, k);
          for (let r = 0; r < n * k; r += k) for (let j = 0; j < k; j++) db[j] += d[r + j];
          if (!l) return;
        }
        for (let r = 0; r < n; r++)
          for (let i = 0; i < m; i++) {
            let s = 0;
            for (let j = 0; j < k; j++) s += d[r * k + j] * w[i * k + j];
            dx[r * m + i] = s;
          }
      }
    }
    // One step of Adam (Kingma and Ba 2015, Algorithm 1).
    descend(lr) {
      const { theta, gradient, first: m, second: v } = this;
      const root = Math.sqrt(1 - 0.999 ** ++this.t), size = lr * root / (1 - 0.9 ** this.t);
      for (let i = 0; i < theta.length; i++) {
        const g = gradient[i];
        m[i] += 0.1 * (g - m[i]);
        v[i] += 0.001 * (g * g - v[i]);
        theta[i] -= size * m[i] / (Math.sqrt(v[i]) + 1e-8 * root);
      }
    }
    follow({ theta }, tau) {
      theta.forEach((x, i) => { this.theta[i] += tau * (x - this.theta[i]); });
    }
  }

  const observe = (theta, speed) => [Math.cos(theta), Math.sin(theta), speed];
  const WIDTH = 9, A = 3, R = 4, NEXT = 5, D = 8; // of a row s, a, r, s', d, and where they are
  const LIMIT = 200; // steps of an episode

  // An agent at its own pendulum. Its settings may change while it learns. The bugs stale, mixed and
  // downhill are StaleState, MixedRows and WrongSign of ddpg_lib.chapters.ch12.bugs.
  class Agent {
    constructor(seed, settings = {}) {
      const c = this.settings = {
        gamma: 0.99, tau: 0.01, sigma: 0.3, lr: 10 ** -2.4, bug: "",
        hidden: 32, batch: 32, capacity: 20000, warmup: 1000, ...settings,
      };
      const made = (stream, inputs) =>
        new Network([inputs, c.hidden, c.hidden, 1], inputs === 3, c.batch, random(8 * seed + stream));
      [this.actor, this.actorTarget] = [made(1, 3), made(1, 3)];
      [this.critic, this.criticTarget] = [made(2, 4), made(2, 4)];
      [this.rows, this.drawn] = [column(c.capacity * WIDTH), column(c.batch * WIDTH)];
      [this.rng, this.noise] = [random(8 * seed + 3), random(8 * seed + 4)];
      this.stored = this.q = 0;
      this.reset();
    }
    reset() {
      [this.theta, this.speed] = [Math.PI, 1].map(x => x * (2 * this.rng.uniform() - 1));
      this.s = observe(this.theta, this.speed);
      this.t = 0;
    }
    // The actor's action, from -1 to 1.
    act(s) {
      this.actor.h[0].set(s);
      return this.actor.forward(1)[0];
    }
    // One step of the loop.
    step() {
      const { warmup, sigma, bug } = this.settings, warm = this.stored < warmup;
      const a = warm ? 2 * this.noise.uniform() - 1
        : clip(this.act(this.s) + sigma * this.noise.normal(), -1, 1);
      let r;
      [this.theta, this.speed, r] = pendulum.step(this.theta, this.speed, 2 * a);
      const next = observe(this.theta, this.speed);
      this.store([...this.s, a, r, ...next, 0]); // a time limit is no end: d = 0
      if (bug !== "stale") this.s = next;
      if (++this.t === LIMIT) this.reset();
      if (!warm) this.learn(this.sample());
    }
    store(row) { this.rows.set(row, this.stored++ % this.settings.capacity * WIDTH); }
    sample() {
      const { capacity, batch } = this.settings, held = Math.min(this.stored, capacity);
      for (let i = 0; i < batch; i++) {
        const from = Math.floor(this.rng.uniform() * held) * WIDTH;
        this.drawn.set(this.rows.subarray(from, from + WIDTH), i * WIDTH);
      }
      return this.drawn;
    }
    // What a network says of a minibatch's states, which begin at `from`, and of actions.
    ask(network, rows, from, actions) {
      const x = network.h[0], n = this.settings.batch, m = network.sizes[0];
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < 3; j++) x[i * m + j] = rows[i * WIDTH + from + j];
        if (m > 3) x[i * m + 3] = actions ? actions[i] : rows[i * WIDTH + A];
      }
      return network.forward(n);
    }
    // One update of Algorithm 1.
    learn(rows) {
      const { actor, critic, actorTarget, criticTarget } = this;
      const { gamma, tau, lr, bug, batch: n } = this.settings;
      // Set y = r + gamma (1 - d) Q'(s', mu'(s')).
      const nextQ = this.ask(criticTarget, rows, NEXT, this.ask(actorTarget, rows, NEXT));
      const y = Array.from({ length: n }, (_, i) =>
        rows[i * WIDTH + R] + gamma * (1 - rows[i * WIDTH + D]) * nextQ[i]);

      // Update the critic by minimizing the loss. Mixed rows set every target against every
      // value: the mean over all pairs has the gradient of the mean target.
      const q = this.ask(critic, rows, 0), mean = y.reduce((sum, x) => sum + x) / n;
      q.forEach((x, i) => { critic.d[critic.last][i] = 2 / n * (x - (bug === "mixed" ? mean : y[i])); });
      critic.backward(n, true);
      critic.descend(lr);

      // Update the actor with the sampled policy gradient: dQ/da, at the critic's fourth input,
      // goes on into the actor. Adam descends, hence the minus.
      const value = this.ask(critic, rows, 0, this.ask(actor, rows, 0));
      this.q = value.reduce((sum, x) => sum + x) / n;
      critic.d[critic.last].fill((bug === "downhill" ? 1 : -1) / n);
      critic.backward(n, false);
      for (let i = 0; i < n; i++) actor.d[actor.last][i] = critic.d[0][4 * i + 3];
      actor.backward(n, true);
      actor.descend(lr);

      // Update the targets.
      actorTarget.follow(actor, tau);
      criticTarget.follow(critic, tau);
    }
    // The mean return of episodes without noise from `starts` [[theta, speed], ...].
    evaluate(starts) {
      let sum = 0;
      for (let [theta, speed] of starts)
        for (let t = 0, r; t < LIMIT; t++) {
          [theta, speed, r] = pendulum.step(theta, speed, 2 * this.act(observe(theta, speed)));
          sum += r;
        }
      return sum / starts.length;
    }
  }

  /* Trains agents side by side; every 40 ms it `post`s what is new. Returns what hears orders: {run,
     seeds, starts, every, settings} begins anew, {settings} turns dials, {goal} goes on to a step. */
  const serve = post => {
    let agents = [], order, goal, waiting = 0;
    const scores = () => [agents[0].stored, agents.map(x => x.evaluate(order.starts))];
    const work = () => {
      waiting = 0;
      const curve = [], end = Date.now() + 40;
      if (agents[0].stored >= goal) return;
      if (!agents[0].stored) curve.push(scores());
      while (agents[0].stored < goal && Date.now() < end) {
        for (const x of agents) x.step();
        if (agents[0].stored % order.every === 0) curve.push(scores());
      }
      post({
        run: order.run, step: agents[0].stored, curve,
        actors: agents.map(x => x.actor.theta), q: agents.map(x => x.q),
      });
      waiting = setTimeout(work); // so that orders are heard in between
    };
    return told => {
      if (told.seeds) {
        [order, goal] = [told, 0];
        agents = told.seeds.map(seed => new Agent(seed, told.settings));
      }
      for (const x of agents) Object.assign(x.settings, told.settings);
      goal = told.goal || goal;
      waiting = waiting || setTimeout(work);
    };
  };
  return { Network, Agent, serve };
};

ddpgLiving.ddpg = (({ ddpgCore, clip, random, pendulum }) => ({
  ...ddpgCore(clip, random, pendulum),
  text: `const TAU = 2 * Math.PI, clip = ${clip}, wrap = ${pendulum.wrap};
    const hear = (${ddpgCore})(clip, ${random}, {${pendulum.step}}).serve(x => postMessage(x));
    onmessage = e => hear(e.data);`,
}))(ddpgLiving);
