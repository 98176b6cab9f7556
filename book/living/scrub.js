/* Chapter 9: the actor of any recorded moment swings the pendulum. */
"use strict";
ddpgLiving.define("scrub-through-training", fig => {
	const L = ddpgLiving, P = L.pendulum, agent = L.agent();
	const s = fig.state({ moment: agent.last });
	let theta = Math.PI, speed = 0, before = theta, torque = 0, held = false, upright = 0, X1;

	const step = () => {
		if (held) return;
		torque = agent.act(s.moment, theta, speed);
		before = theta;
		[theta, speed] = P.step(theta, speed, torque);
		upright = Math.abs(P.wrap(theta)) < 0.2 && Math.abs(speed) < 0.5 ? upright + 1 : 0;
		tell();
	};
	const tell = () => {
		say(`After ${agent.steps[s.moment].toLocaleString("en-US")} steps: mean return `
			+ `${agent.returns[s.moment].toFixed(0)} over 20 starts. Torque ${torque.toFixed(1)} N m`
			+ (upright >= 20 ? `, upright for ${Math.floor(upright / 20)} s.` : "."));
	};
	const choose = () => {
		s.moment = L.clip(Math.round(s.moment), 0, agent.last);
		torque = agent.act(s.moment, theta, speed);
		tell();
	};
	const push = by => {
		speed = L.clip(speed + by, -8, 8);
		upright = 0;
		if (!fig.playing) fig.play(true);
	};
	const key = by => event => event.type === "keydown" && push(by);
	fig.canvas({
		label: "Pendulum, swung by the actor. Drag it anywhere and let go; arrow keys push it.",
		ratio: 1, grow: 1, role: "application",
		draw(c, w, h, k) {
			const part = fig.playing && !held ? fig.part : 1;
			L.drawPendulum(c, w, h, before + part * (theta - before), torque, k);
		},
		drag(x, y, w, h, phase) {
			held = phase !== "up";
			theta = before = Math.atan2(w / 2 - x, h / 2 - y);
			speed = upright = 0;
			choose();
		},
		keys: { ArrowLeft: key(-4), ArrowRight: key(4) },
	});
	fig.canvas({
		label: "Mean return of the recorded actors against the steps of training; the chosen one is marked.",
		ratio: 0.66, grow: 1.6,
		draw(c, w, h, k) {
			const low = Math.min(...agent.returns);
			const a = L.axes(c, w, h, { x: [2000, 12000], y: [low * 1.08, 0], xlabel: "steps of training", ylabel: "mean return, 20 starts", xticks: 5 }, k);
			const points = agent.steps.map((v, i) => [a.X(v), a.Y(agent.returns[i])]);
			L.line(c, points, k.actor, 2);
			for (const [x, y] of points) L.dot(c, x, y, 2.5, k.actor);
			const [x, y] = points[s.moment];
			c.setLineDash([3, 4]);
			L.line(c, [[x, a.top], [x, a.bottom]], k.quiet, 1);
			c.setLineDash([]);
			L.dot(c, x, y, 7, k.actor);
			X1 = a.X1;
		},
		drag(x) {
			const at = X1(x), far = v => Math.abs(v - at);
			s.moment = agent.steps.reduce((b, v, i) => (far(v) < far(agent.steps[b]) ? i : b), 0);
			training.set(s.moment);
			choose();
			fig.save();
		},
	});
	const training = fig.slider({
		label: "Training", min: 0, max: agent.last, key: "moment",
		show: i => `step ${agent.steps[i].toLocaleString("en-US")}`, input: choose,
	});
	fig.loop(20, step);
	fig.button("Push ←", () => push(-4));
	fig.button("Push →", () => push(4));
	fig.button("Let it hang", () => { [theta, before, speed, upright] = [Math.PI, Math.PI, 0, 0]; choose(); });
	const say = fig.output();
	fig.onstate = choose;
	choose();
	fig.test = () => ({ theta, speed, torque, upright, moment: s.moment });
});
