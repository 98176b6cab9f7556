/* Chapter 9: the actor of any recorded moment swings the pendulum. */
"use strict";
ddpgLiving.define("scrub-through-training", fig => {
	const L = ddpgLiving, P = L.pendulum, agent = L.agent(), rod = new L.Rod();
	const s = fig.state({ moment: agent.last });
	let held = false, upright = 0, X1;

	const step = () => {
		if (held) return;
		rod.step(agent.act(s.moment, rod.theta, rod.speed));
		upright = Math.abs(P.wrap(rod.theta)) < 0.2 && Math.abs(rod.speed) < 0.5 ? upright + 1 : 0;
		tell();
	};
	const tell = () => {
		say(`After ${agent.words(s.moment)}: mean return `
			+ `${agent.returns[s.moment].toFixed(0)} over 20 starts. Torque ${rod.torque.toFixed(1)} N m`
			+ (upright >= 20 ? `, upright for ${Math.floor(upright / 20)} s.` : "."));
	};
	const choose = () => {
		s.moment = L.clip(Math.round(s.moment), 0, agent.last);
		rod.torque = agent.act(s.moment, rod.theta, rod.speed);
		tell();
	};
	const push = by => {
		rod.push(by);
		upright = 0;
		if (!fig.playing) fig.play(true);
	};
	const put = theta => {
		rod.put(theta);
		upright = 0;
		choose();
	};
	fig.canvas({
		label: "Pendulum, swung by the actor. Drag it anywhere and let go; arrow keys push it.",
		ratio: 1, role: "application",
		draw(c, w, h, k) { rod.draw(c, w, h, k, held ? 1 : fig.part); },
		drag(x, y, w, h, phase) {
			held = phase !== "up";
			put(Math.atan2(w / 2 - x, h / 2 - y));
		},
		keys: { ArrowLeft: () => push(-4), ArrowRight: () => push(4) },
	});
	fig.canvas({
		label: "Mean return of the recorded actors against the steps of training; the chosen one is marked.",
		ratio: 0.66, grow: 1.6,
		draw(c, w, h, k) {
			const low = Math.min(...agent.returns);
			const a = L.axes(c, w, h, { x: [2000, 12000], y: [low * 1.08, 0], xlabel: "steps of training", ylabel: "mean return, 20 starts", xticks: 5 }, k);
			const points = a.points(agent.steps, agent.returns);
			L.line(c, points, k.actor, 2);
			for (const [x, y] of points) L.dot(c, x, y, 2.5, k.actor);
			const [x, y] = points[s.moment];
			a.mark(agent.steps[s.moment], k.quiet, [3, 4]);
			L.dot(c, x, y, 7, k.actor);
			X1 = a.X1;
		},
		drag(x) {
			s.moment = agent.nearest(X1(x));
			training.set(s.moment);
			choose();
			fig.save();
		},
	});
	const training = fig.slider({
		label: "Training", min: 0, max: agent.last, key: "moment",
		show: agent.words, input: choose,
	});
	fig.loop(20, step);
	fig.button("Push ←", () => push(-4));
	fig.button("Push →", () => push(4));
	fig.button("Let it hang", () => put(Math.PI));
	const say = fig.output();
	fig.onstate = choose;
	choose();
	fig.test = () => ({ ...rod, upright, moment: s.moment });
});
