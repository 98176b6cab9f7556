/* Chapter 5: the critic's landscape over the action, and the actor on it, through training. */
"use strict";
ddpgLiving.agent = () => {
	// The networks of a recorded moment, decoded when they are first asked for.
	const L = ddpgLiving, { actors: A, critics: C } = L.data;
	const get = (data, squash, made = {}) => i => made[i] = made[i]
		|| L.network(data.sizes, squash, L.floats(data.networks[i], data.bits));
	const actor = get(A, true), critic = C && get(C, false);
	return {
		steps: A.steps, returns: A.returns, last: A.steps.length - 1,
		words: i => `${L.whole(A.steps[i])} steps`,
		// The moment nearest to a step of training.
		nearest: step => L.closest(A.steps, v => Math.abs(v - step)),
		// Torque in N m.
		act: (i, theta, speed) => 2 * actor(i).one(L.pendulum.observe(theta, speed)),
		// Value in units of the reward, and its slope in the torque.
		q(i, theta, speed, torque) {
			const n = critic(i);
			return {
				value: n.one([...L.pendulum.observe(theta, speed), torque / 2]) / C.scale,
				slope() { // before another value is asked for
					n.d[n.last][0] = 1;
					n.backward(1, false);
					return n.d[0][3] / 2 / C.scale;
				},
			};
		},
	};
};
ddpgLiving.define("q-landscape-and-arrow", fig => {
	const L = ddpgLiving, P = L.pendulum, agent = L.agent(), N = 81;
	const s = fig.state({ moment: agent.last, theta: 3.142, speed: 0 });
	const torques = Array.from({ length: N }, (_, i) => -2 + 4 * i / (N - 1));
	let now = {}, path = [], X1;

	const look = i => {
		const action = agent.act(i, s.theta, s.speed), q = agent.q(i, s.theta, s.speed, action);
		return { action, value: q.value, slope: q.slope() };
	};
	const update = (all = true) => {
		s.moment = L.clip(Math.round(s.moment), 0, agent.last);
		s.theta = P.wrap(s.theta);
		s.speed = L.clip(s.speed, -8, 8);
		if (all) path = agent.steps.map((_, i) => look(i));
		now = { ...path[s.moment], curve: torques.map(u => agent.q(s.moment, s.theta, s.speed, u).value) };
		now.best = now.curve.indexOf(Math.max(...now.curve));
		const lost = Math.max(0, now.curve[now.best] - now.value);
		tell(`After ${agent.words(s.moment)}: the actor says `
			+ `${now.action.toFixed(2)} N m, Q there ${now.value.toFixed(1)}, slope ${now.slope.toFixed(2)} `
			+ `for each N m. The highest point is ${lost.toFixed(1)} above, at ${torques[now.best].toFixed(1)} N m.`);
	};
	const change = () => {
		update();
		angle.set(s.theta * 180 / Math.PI);
		fig.save();
	};
	fig.canvas({
		label: "Pendulum: drag it to another angle, or use the arrow keys; up and down change its speed.",
		ratio: 1, role: "application",
		draw(c, w, h, k) {
			L.drawPendulum(c, w, h, s.theta, now.action, k);
			if (Math.abs(s.speed) > 0.05) { // the way that the tip moves
				const [x, y] = L.tip(s.theta, w, h), d = s.speed * 0.03 * Math.min(w, h) / 2;
				L.arrow(c, x, y, x - d * Math.cos(s.theta), y + d * Math.sin(s.theta), k.quiet, 2);
			}
		},
		drag(x, y, w, h) {
			s.theta = Math.atan2(w / 2 - x, h / 2 - y);
			change();
		},
		keys: Object.fromEntries([["ArrowLeft", "theta", 0.05], ["ArrowRight", "theta", -0.05],
			["ArrowUp", "speed", 0.2], ["ArrowDown", "speed", -0.2]].map(([key, part, by]) => [key, () => {
			s[part] += by;
			change();
			rate.set(s.speed);
		}])),
	});
	fig.canvas({
		label: "The critic's value of every torque in this state, with the actor's torque and the slope.",
		ratio: 0.72, grow: 1.6,
		draw(c, w, h, k) {
			const low = Math.min(...now.curve), high = Math.max(...now.curve);
			const span = Math.max(1.35 * (high - low), 3), mid = (low + high) / 2;
			const a = L.axes(c, w, h, { x: [-2, 2], y: [mid - span / 2, mid + span / 2], xlabel: "torque (N m)", ylabel: "Q(s, ·)" }, k);
			L.line(c, a.points(torques, now.curve), k.critic, 2.5);
			const bx = a.X(torques[now.best]), by = a.Y(now.curve[now.best]);
			L.line(c, [[bx, by - 6], [bx, by + 6]], k.ink, 2);
			const x = a.X(now.action), y = a.Y(now.value);
			L.line(c, [[x, a.bottom], [x, y]], k.actor, 1.5, [3, 4]);
			// Along the torque's axis: which way the critic sends the actor, and how strongly.
			const push = L.clip(2 * now.slope / span * (a.right - a.left), -90, 90);
			if (Math.abs(push) > 1.5) L.arrow(c, x, y, x + push, y, k.critic, 3);
			L.dot(c, x, y, 6, k.actor);
		},
	});
	fig.canvas({
		label: "The actor's torque in this state against the steps of training, with the slopes.",
		ratio: 0.24, wide: true,
		draw(c, w, h, k) {
			const a = L.axes(c, w, h, { x: [2000, 12000], y: [-2.6, 2.6], ylabel: "the actor's torque here, by step of training", yticks: 3, xticks: 5 }, k);
			const px = agent.steps.map(v => a.X(v));
			L.line(c, path.map((p, i) => [px[i], a.Y(p.action)]), k.actor, 2);
			path.forEach((p, i) => {
				const d = -L.clip(p.slope * 8, -14, 14);
				if (Math.abs(d) > 1.5) L.arrow(c, px[i], a.Y(p.action), px[i], a.Y(p.action) + d, k.critic, 1.5);
			});
			L.dot(c, px[s.moment], a.Y(now.action), 6, k.actor);
			X1 = a.X1;
		},
		drag(x) {
			s.moment = agent.nearest(X1(x));
			training.set(s.moment);
			update(false);
			fig.save();
		},
	});
	const training = fig.slider({
		label: "Training", min: 0, max: agent.last, key: "moment",
		show: agent.words, input: () => update(false),
	});
	const angle = fig.slider({
		label: "Angle", min: -180, max: 180, step: 1, value: Math.round(s.theta * 180 / Math.PI),
		show: v => `${v}°`, input: v => { s.theta = v * Math.PI / 180; update(); fig.save(); },
	});
	const rate = fig.slider({
		label: "Speed", min: -8, max: 8, step: 0.1, key: "speed", show: v => `${v.toFixed(1)} rad/s`,
		input: () => update(),
	});
	const tell = fig.output();
	fig.onstate = () => {
		update();
		angle.set(s.theta * 180 / Math.PI);
	};
	update();
	fig.test = () => ({ ...s, ...now, path });
});
