/* DDPG (Lillicrap et al. 2016, Algorithm 1) for one agent, the same update as ddpg_lib.ddpg.
   Everything stands in one function without outside names, so that its text runs in a worker
   as well. Numbers are float64; a batch is a flat array, one row a transition. */
(function (global) {
  "use strict";

  function core() {
    /* Uniform numbers from 0 to 1 (sfc32, by Chris Doty-Humphrey, from PractRand), and normal ones. */
    class Random {
      constructor(seed, stream = 0) {
        [this.a, this.b, this.c, this.d] = [seed | 0, stream | 0, 0x9e3779b9 | 0, 1];
        for (let i = 0; i < 15; i++) this.uniform();
      }
      uniform() {
        const t = (((this.a + this.b) | 0) + this.d) | 0;
        this.d = (this.d + 1) | 0;
        this.a = this.b ^ (this.b >>> 9);
        this.b = (this.c + (this.c << 3)) | 0;
        this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0;
        return (t >>> 0) / 4294967296;
      }
      between(low, high) {
        return low + (high - low) * this.uniform();
      }
      normal() {
        return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
      }
    }

    /* A multilayer perceptron: z = x W + b, hidden layers through tanh or relu, the output through
       tanh or as it is. `theta` holds W (inputs, outputs) and b of each layer in turn. */
    class Network {
      constructor(sizes, { hidden = "tanh", squash = false, rows = 1, random = null } = {}) {
        this.sizes = sizes;
        this.depth = sizes.length - 1;
        this.kinds = sizes.slice(1).map((_, l) => (l < this.depth - 1 ? hidden : squash ? "tanh" : ""));
        let size = 0;
        const parts = sizes.slice(1).map((k, l) => {
          const at = size;
          size += (sizes[l] + 1) * k;
          return at;
        });
        this.theta = new Float64Array(size);
        this.gradient = new Float64Array(size);
        const views = (x) =>
          parts.map((at, l) => {
            const k = sizes[l + 1];
            const middle = at + sizes[l] * k;
            return [x.subarray(at, middle), x.subarray(middle, middle + k)];
          });
        this.layers = views(this.theta);
        this.slopes = views(this.gradient);
        this.h = sizes.map((k) => new Float64Array(rows * k)); // h[0] is the input
        this.d = sizes.map((k) => new Float64Array(rows * k)); // dL/dz, and dL/dinput in d[0]
        if (random) {
          this.layers.forEach(([w, b], l) => {
            const bound = l === this.depth - 1 ? 3e-3 : 1 / Math.sqrt(sizes[l]);
            for (const x of [w, b]) for (let i = 0; i < x.length; i++) x[i] = random.between(-bound, bound);
          });
        }
      }

      /* The outputs of the first n rows of h[0]. */
      forward(n) {
        for (let l = 0; l < this.depth; l++) {
          const [w, b] = this.layers[l];
          affine(this.h[l], w, b, this.h[l + 1], n, this.sizes[l], this.sizes[l + 1]);
          const out = this.h[l + 1];
          const end = n * this.sizes[l + 1];
          if (this.kinds[l] === "tanh") for (let i = 0; i < end; i++) out[i] = tanh(out[i]);
          else if (this.kinds[l] === "relu") for (let i = 0; i < end; i++) if (out[i] < 0) out[i] = 0;
        }
        return this.h[this.depth];
      }

      /* From dL/doutput in d[depth]: the gradient in the weights, if asked, and in the input. */
      backward(n, weights, input) {
        for (let l = this.depth - 1; l >= 0; l--) {
          const [m, k] = [this.sizes[l], this.sizes[l + 1]];
          const [d, h] = [this.d[l + 1], this.h[l + 1]];
          if (this.kinds[l] === "tanh") for (let i = 0; i < n * k; i++) d[i] *= 1 - h[i] * h[i];
          else if (this.kinds[l] === "relu") for (let i = 0; i < n * k; i++) if (h[i] === 0) d[i] = 0;
          if (weights) outer(this.h[l], d, this.slopes[l][0], this.slopes[l][1], n, m, k);
          if (l > 0 || input) back(d, this.layers[l][0], this.d[l], n, m, k);
        }
      }
    }

    function tanh(x) {
      if (x > 19 || x < -19) return x > 0 ? 1 : -1;
      if (x < 1e-4 && x > -1e-4) return x;
      const e = Math.exp(2 * x);
      return (e - 1) / (e + 1);
    }

    /* Four columns at a time: what is summed stays in registers. */
    function affine(x, w, b, out, n, m, k) {
      for (let r = 0; r < n; r++) {
        const from = r * m;
        let j = 0;
        for (; j + 3 < k; j += 4) {
          let [s0, s1, s2, s3] = [b[j], b[j + 1], b[j + 2], b[j + 3]];
          for (let i = 0, at = j; i < m; i++, at += k) {
            const v = x[from + i];
            s0 += v * w[at];
            s1 += v * w[at + 1];
            s2 += v * w[at + 2];
            s3 += v * w[at + 3];
          }
          const to = r * k + j;
          out[to] = s0;
          out[to + 1] = s1;
          out[to + 2] = s2;
          out[to + 3] = s3;
        }
        for (; j < k; j++) {
          let s = b[j];
          for (let i = 0; i < m; i++) s += x[from + i] * w[i * k + j];
          out[r * k + j] = s;
        }
      }
    }

    function outer(x, d, dw, db, n, m, k) {
      for (let i = 0; i < m; i++) {
        let j = 0;
        for (; j + 3 < k; j += 4) {
          let [s0, s1, s2, s3] = [0, 0, 0, 0];
          for (let r = 0, at = j, xi = i; r < n; r++, at += k, xi += m) {
            const v = x[xi];
            s0 += v * d[at];
            s1 += v * d[at + 1];
            s2 += v * d[at + 2];
            s3 += v * d[at + 3];
          }
          const to = i * k + j;
          dw[to] = s0;
          dw[to + 1] = s1;
          dw[to + 2] = s2;
          dw[to + 3] = s3;
        }
        for (; j < k; j++) {
          let s = 0;
          for (let r = 0; r < n; r++) s += x[r * m + i] * d[r * k + j];
          dw[i * k + j] = s;
        }
      }
      for (let j = 0; j < k; j++) {
        let s = 0;
        for (let r = 0; r < n; r++) s += d[r * k + j];
        db[j] = s;
      }
    }

    function back(d, w, dx, n, m, k) {
      for (let r = 0; r < n; r++) {
        for (let i = 0; i < m; i++) {
          let s = 0;
          for (let j = 0, a = r * k, c = i * k; j < k; j++) s += d[a + j] * w[c + j];
          dx[r * m + i] = s;
        }
      }
    }

    /* Adam (Kingma and Ba 2015, Algorithm 1), in place. */
    class Adam {
      constructor(network) {
        this.network = network;
        this.t = 0;
        this.m = new Float64Array(network.theta.length);
        this.v = new Float64Array(network.theta.length);
      }
      step(lr) {
        const { m, v } = this;
        const { theta, gradient } = this.network;
        this.t += 1;
        const root = Math.sqrt(1 - 0.999 ** this.t);
        const size = (lr * root) / (1 - 0.9 ** this.t);
        for (let i = 0; i < theta.length; i++) {
          const g = gradient[i];
          m[i] += 0.1 * (g - m[i]);
          v[i] += 0.001 * (g * g - v[i]);
          theta[i] -= (size * m[i]) / (Math.sqrt(v[i]) + 1e-8 * root);
        }
      }
    }

    const OBS = 3;
    const ROW = 2 * OBS + 3; // s, a, r, s', d
    const EPISODE = 200;
    const TORQUE = 2;

    /* Pendulum-v1 of Gymnasium: the next [angle, speed] and the reward. */
    function swing(angle, speed, torque) {
      const u = Math.max(-TORQUE, Math.min(TORQUE, torque));
      const turn = 2 * Math.PI;
      const off = ((((angle + Math.PI) % turn) + turn) % turn) - Math.PI;
      const reward = -(off * off + 0.1 * speed * speed + 0.001 * u * u);
      const faster = speed + (15 * Math.sin(angle) + 3 * u) * 0.05;
      const next = Math.max(-8, Math.min(8, faster));
      return [angle + next * 0.05, next, reward];
    }

    const SETTINGS = {
      hidden: [32, 32], activation: "tanh", gamma: 0.99, tau: 0.005, sigma: 0.2, lr: 1e-3,
      batch: 32, capacity: 20000, warmup: 1000, bug: "",
    };

    /* An agent on its own pendulum. `settings` may change while it learns: gamma, tau, sigma, lr
       and bug ("", "stale", "mixed" or "downhill": the museum's StaleState, MixedRows, WrongSign). */
    class Agent {
      constructor(seed, settings = {}) {
        const c = (this.settings = { ...SETTINGS, ...settings });
        const made = (stream, inputs, squash) =>
          new Network([inputs, ...c.hidden, 1], {
            hidden: c.activation, squash, rows: c.batch, random: new Random(seed, stream),
          });
        this.actor = made(1, OBS, true);
        this.critic = made(2, OBS + 1, false);
        this.actorTarget = made(1, OBS, true);
        this.criticTarget = made(2, OBS + 1, false);
        this.actorAdam = new Adam(this.actor);
        this.criticAdam = new Adam(this.critic);
        this.rows = new Float64Array(c.capacity * ROW);
        this.minibatch = new Float64Array(c.batch * ROW);
        this.y = new Float64Array(c.batch);
        this.stored = 0;
        this.random = new Random(seed, 3);
        this.noise = new Random(seed, 4);
        this.q = 0; // the critic's mean value of the actor's actions in the last minibatch
        this.loss = 0;
        this.reset();
      }

      reset() {
        this.angle = this.random.between(-Math.PI, Math.PI);
        this.speed = this.random.between(-1, 1);
        this.seen = this.observe();
        this.time = 0;
      }

      observe() {
        return [Math.cos(this.angle), Math.sin(this.angle), this.speed];
      }

      /* The actor's action for one observation, from -1 to 1. */
      act(obs) {
        this.actor.h[0].set(obs);
        return this.actor.forward(1)[0];
      }

      /* One step of the loop: act, store, perhaps reset, learn. */
      step() {
        const c = this.settings;
        const warm = this.stored < c.warmup;
        const a = warm
          ? this.noise.between(-1, 1)
          : Math.max(-1, Math.min(1, this.act(this.seen) + c.sigma * this.noise.normal()));
        let reward;
        [this.angle, this.speed, reward] = swing(this.angle, this.speed, TORQUE * a);
        const next = this.observe();
        this.store(this.seen, a, reward, next, 0); // a time limit is no end: d = 0
        if (c.bug !== "stale") this.seen = next;
        if (++this.time === EPISODE) this.reset();
        if (!warm) this.learn(this.sample());
      }

      store(s, a, r, next, d) {
        const at = (this.stored++ % this.settings.capacity) * ROW;
        this.rows.set(s, at);
        this.rows[at + OBS] = a;
        this.rows[at + OBS + 1] = r;
        this.rows.set(next, at + OBS + 2);
        this.rows[at + ROW - 1] = d;
      }

      sample() {
        const held = Math.min(this.stored, this.settings.capacity);
        for (let i = 0; i < this.settings.batch; i++) {
          const at = Math.floor(this.random.uniform() * held) * ROW;
          for (let j = 0; j < ROW; j++) this.minibatch[i * ROW + j] = this.rows[at + j];
        }
        return this.minibatch;
      }

      /* Copy the states of a minibatch into a network's input, with the actions if it has room. */
      fill(network, rows, from, action) {
        const [x, n, m] = [network.h[0], this.settings.batch, network.sizes[0]];
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < OBS; j++) x[i * m + j] = rows[i * ROW + from + j];
          if (m > OBS) x[i * m + OBS] = action ? action[i] : rows[i * ROW + OBS];
        }
        return network.forward(n);
      }

      /* One update of Algorithm 1, given a minibatch of rows s, a, r, s', d. */
      learn(rows) {
        const { actor, critic, y } = this;
        const { gamma, tau, lr, bug, batch: n } = this.settings;
        // Set y = r + gamma (1 - d) Q'(s', mu'(s')).
        const nextAction = this.fill(this.actorTarget, rows, OBS + 2);
        const nextQ = this.fill(this.criticTarget, rows, OBS + 2, nextAction);
        let mean = 0;
        for (let i = 0; i < n; i++) {
          y[i] = rows[i * ROW + OBS + 1] + gamma * (1 - rows[i * ROW + ROW - 1]) * nextQ[i];
          mean += y[i] / n;
        }

        // Update the critic by minimizing the loss. The museum's mixed rows set every target
        // against every value, whose gradient is that of the mean target.
        const q = this.fill(critic, rows, 0);
        this.loss = 0;
        for (let i = 0; i < n; i++) {
          const error = q[i] - (bug === "mixed" ? mean : y[i]);
          critic.d[critic.depth][i] = (2 * error) / n;
          this.loss += (q[i] - y[i]) ** 2 / n;
        }
        critic.backward(n, true, false);
        this.criticAdam.step(lr);

        // Update the actor with the sampled policy gradient: the critic's slope in the action,
        // through the actor. Adam descends, so the sign is turned, unless the bug forgets it.
        const action = this.fill(actor, rows, 0);
        const value = this.fill(critic, rows, 0, action);
        this.q = 0;
        for (let i = 0; i < n; i++) {
          this.q += value[i] / n;
          critic.d[critic.depth][i] = (bug === "downhill" ? 1 : -1) / n;
        }
        critic.backward(n, false, true);
        for (let i = 0; i < n; i++) actor.d[actor.depth][i] = critic.d[0][i * (OBS + 1) + OBS];
        actor.backward(n, true, false);
        this.actorAdam.step(lr);

        // Let the targets follow.
        follow(this.actorTarget.theta, actor.theta, tau);
        follow(this.criticTarget.theta, critic.theta, tau);
      }

      /* The mean return of episodes without noise from given [angle, speed]. */
      evaluate(starts) {
        let total = 0;
        for (let [angle, speed] of starts) {
          for (let t = 0; t < EPISODE; t++) {
            const a = this.act([Math.cos(angle), Math.sin(angle), speed]);
            let reward;
            [angle, speed, reward] = swing(angle, speed, TORQUE * a);
            total += reward;
          }
        }
        return total / starts.length;
      }
    }

    function follow(target, online, tau) {
      for (let i = 0; i < target.length; i++) target[i] += tau * (online[i] - target[i]);
    }

    return { Random, Network, Adam, Agent, swing, SETTINGS };
  }

  const living = (global.ddpgLiving = global.ddpgLiving || {});
  living.ddpg = core();
  living.ddpgCore = core;
})(typeof self === "undefined" ? this : self);
