/* DDPG (Lillicrap et al. 2016, Algorithm 1): the update of ddpg_lib.ddpg, in float64. A worker runs
   the text of this, since a page on disk may not load one by name: hence one function, handed what
   it takes from elsewhere. */
"use strict";
ddpgLiving.ddpgCore = (clip, random, pendulum, Network) => {
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
			[this.rows, this.drawn] = [new Float64Array(c.capacity * WIDTH), new Float64Array(c.batch * WIDTH)];
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
		act(s) { return this.actor.one(s); }
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
			do { // one step at least, however slow the device
				if (!agents[0].stored) curve.push(scores());
				for (const x of agents) x.step();
				if (agents[0].stored % order.every === 0) curve.push(scores());
			} while (agents[0].stored < goal && Date.now() < end);
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
	return { Agent, serve };
};

ddpgLiving.ddpg = (({ ddpgCore, networks, Network, clip, random, pendulum }) => ({
	...ddpgCore(clip, random, pendulum, Network),
	text: `const TAU = 2 * Math.PI, clip = ${clip}, wrap = ${pendulum.wrap}, Network = (${networks})(clip);
		const hear = (${ddpgCore})(clip, ${random}, {${pendulum.step}}, Network).serve(x => postMessage(x));
		onmessage = e => hear(e.data);`,
}))(ddpgLiving);
