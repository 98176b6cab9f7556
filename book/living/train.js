/* Chapter 0: four agents learn while the reader turns dials and switches bugs on. */
"use strict";
ddpgLiving.define("train-in-the-page", fig => {
	const L = ddpgLiving, P = L.pendulum, E = L.data.evaluations, { text } = L.ddpg;
	const N = 4, PACE = 160, RATE = 20, END = 20000, WARMUP = 1000, GOOD = -300;
	const s = fig.state({ noise: 0.3, tau: -2, step: -2.4, bug: "", seed: 0, agent: 0 });
	const BUGS = {
		stale: ["The state that never moves on", "each row claims to begin where its episode began. Most "
			+ "actors end at full torque, to one side or whirling."],
		mixed: ["Every target against every value", "the critics learn one value for everything, without "
			+ "a slope. The actors end at full torque, to one side or whirling."],
		downhill: ["Downhill", "the actors seek what their critics like least: they hold the rods down or "
			+ "whirl them, and sink below random torque."],
	};
	const tens = v => +(10 ** v).toPrecision(2), { whole } = L;
	const actors = Array.from({ length: N }, () => new L.Network([3, 32, 32, 1], true, 1));
	let run = 0, at, goal, curve, marks, q, rods, done, held = -1;

	const worker = new Worker(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
	worker.onmessage = ({ data }) => {
		if (data.run !== run) return;
		[at, q] = [data.step, data.q];
		curve.push(...data.curve);
		data.actors.forEach((theta, i) => actors[i].theta.set(theta));
		tell();
		fig.draw();
	};
	const order = words => worker.postMessage(words);
	const settings = () => ({ sigma: s.noise, tau: 10 ** s.tau, lr: 10 ** s.step, bug: s.bug });
	const start = i => Object.assign(new L.Rod(...E.starts[i]), { t: 0 });
	const begin = () => {
		if (!(s.bug in BUGS)) s.bug = "";
		s.seed = L.clip(Math.round(s.seed), 0, 999);
		s.agent = L.clip(Math.round(s.agent), 0, N - 1);
		[at, goal, curve, done] = [0, 0, [], false];
		marks = s.bug ? [[0, BUGS[s.bug][0]]] : [];
		rods = actors.map((_, i) => start(i));
		for (const x of actors) x.theta.fill(0);
		const seeds = actors.map((_, i) => s.seed * N + i);
		order({ run: ++run, seeds, starts: E.starts, every: 100, settings: settings() });
		tell();
	};
	// Mark where a dial was turned, once while it moves.
	const turn = words => {
		order({ settings: settings() });
		const last = marks[marks.length - 1];
		if (last && at - last[0] < PACE) last[1] = words;
		else if (at) marks.push([at, words]);
		tell();
	};
	const step = () => {
		if (at >= END) fig.play(false);
		if (goal - at < PACE) order({ goal: goal = Math.min(goal + PACE / RATE, END) });
		rods.forEach((r, i) => {
			if (i === held) return;
			r.step(2 * actors[i].one(P.observe(r.theta, r.speed)));
			if (++r.t === P.horizon) rods[i] = start(Math.floor(Math.random() * E.starts.length));
		});
	};
	const tell = () => {
		const up = curve.length ? curve[curve.length - 1][1].filter(x => x > GOOD).length : 0;
		const slow = goal - at > 0.8 * PACE ? " (as fast as this device can)" : "";
		say(`Step ${whole(at)}${slow}: ` + (at >= END ? "the end."
			: at < WARMUP ? `random torques fill the replay buffer until step ${whole(WARMUP)}.`
			: `${up} of ${N} swing up (return above ${GOOD}). Their critics expect `
				+ `${(q.reduce((a, b) => a + b) / N).toFixed(0)} on average.`));
		note(s.bug ? `With this bug ${BUGS[s.bug][1]}`
			: s.noise < 0.05 ? "Without noise an agent sees only what its actor does: some never get up."
			: s.step > -2 ? "Steps this large throw actors to full torque, where tanh is flat; few come back."
			: s.step < -3.3 || s.tau < -3.1 ? "So little at a time: nothing happens for long."
			: s.tau > -1.1 ? "Targets that follow this fast chase themselves: values fall far below any return."
			: "Turn a dial, switch a bug on, or take hold of a rod.");
		if (up === N && !done) fig.say(`Step ${at}: all ${N} agents swing up.`);
		done = done || up === N;
	};
	const choose = i => {
		s.agent = (i + N) % N;
		fig.save();
	};
	const wide = options => { fig.canvas(options).parentNode.style.flexBasis = "100%"; };
	wide({
		label: "Four pendulums, swung by their agents' actors. Arrow keys choose one, space pushes it; drag a rod and let go.",
		ratio: 0.28, role: "application",
		draw(c, w, h, k) {
			const side = w / N;
			rods.forEach((r, i) => {
				c.save();
				c.translate(i * side, 0);
				r.draw(c, side, side, k, i === held ? 1 : fig.part);
				L.text(c, `agent ${i + 1}`, side / 2, h - 9, i === s.agent ? k.actor : k.quiet, "center");
				c.restore();
			});
		},
		drag(x, y, w, h, phase) {
			const side = w / N;
			if (phase === "down") choose(held = L.clip(Math.floor(x / side), 0, N - 1));
			const r = rods[held];
			r.put(Math.atan2((held + 0.5) * side - x, side / 2 - y));
			if (phase === "up") held = -1;
		},
		keys: {
			ArrowLeft: () => choose(s.agent - 1),
			ArrowRight: () => choose(s.agent + 1),
			" ": () => rods[s.agent].push(5),
		},
	});
	wide({
		label: "Mean return of each agent against its steps, beside random torque and the optimum.",
		ratio: innerWidth < 600 ? 0.75 : 0.48,
		draw(c, w, h, k) {
			const x = [0, Math.max(4000, Math.ceil(at / 2000) * 2000)], y = [-2000, 0];
			const a = L.axes(c, w, h, { x, y, xlabel: "steps of each agent", ylabel: "mean return of ten episodes without noise" }, k);
			c.globalAlpha = 0.5;
			c.fillStyle = k.grid;
			c.fillRect(a.left, a.top, a.X(WARMUP) - a.left, a.bottom - a.top);
			c.globalAlpha = 1;
			for (const [name, words] of [["optimum", "optimum"], ["random", "random torque"]]) {
				L.line(c, a.points(x, [E[name], E[name]]), k.quiet, 1.5, [5, 4]);
				L.text(c, words, a.right - 4, a.Y(E[name]) + 12, k.quiet, "right");
			}
			marks.forEach(([at, words], i) => {
				a.mark(at, k.noise);
				const left = at > x[1] / 2;
				L.text(c, words, a.X(at) + (left ? -5 : 5), a.bottom - 12 - 16 * (i % 3), k.ink, left ? "right" : "left");
			});
			const steps = curve.map(([step]) => step);
			actors.forEach((_, i) =>
				L.line(c, a.points(steps, curve.map(([, x]) => x[i])), k.actor, i === s.agent ? 3.5 : 1.3));
		},
	});
	const dial = (label, key, min, max, by, show, name) =>
		fig.slider({ label, key, min, max, step: by, show, input: v => turn(`${name} ${show(v)}`) });
	dial("Noise σ", "noise", 0, 1, 0.05, v => `${v}`, "σ");
	dial("Target rate τ", "tau", -4, 0, 0.1, tens, "τ");
	dial("Step size", "step", -4, -1, 0.1, tens, "step");
	fig.choice({
		label: "Bug", key: "bug", options: [["", "none"], ...Object.entries(BUGS).map(([b, [title]]) => [b, title])],
		input: b => turn(b ? BUGS[b][0] : "no bug"),
	});
	fig.loop(RATE, step);
	fig.button("Start over", begin);
	fig.button("Other agents", () => {
		s.seed++;
		fig.save();
		begin();
	});
	const say = fig.output(), note = fig.output();
	fig.onstate = begin;
	begin();
	fig.test = () => ({ at, curve, rods, marks });
});
