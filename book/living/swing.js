/* Chapter 1: the reader is the policy. */
"use strict";
ddpgLiving.define("swing-the-pendulum-by-hand", fig => {
	const L = ddpgLiving, P = L.pendulum, R = L.data.rulers, rod = new L.Rod();
	const s = fig.state({ start: 0, speed: 1 });
	const keys = new Set();
	let pull, earned, t;

	const begin = () => {
		s.start = L.clip(Math.round(s.start), 0, R.starts.length - 1);
		s.speed = s.speed === 0.5 ? 0.5 : 1;
		rod.put(...R.starts[s.start]);
		[pull, t, earned] = [null, 0, []];
		keys.clear();
		force.set(0);
		if (fig.play) fig.play(false);
		tell();
		fig.draw();
	};
	const wanted = () => {
		if (keys.size) return 2 * (keys.has("ArrowRight") - keys.has("ArrowLeft"));
		// Dragged: turn the tip towards the pointer, at full torque from half a radian away.
		if (pull !== null) return L.clip(4 * P.wrap(pull - rod.theta), -2, 2);
		return Number(force.e.value);
	};
	const total = () => (earned.length ? earned[earned.length - 1] : 0);
	const step = () => {
		earned.push(total() + rod.step(wanted()));
		if (++t === P.horizon) {
			fig.play(false);
			const at = n => R[n][s.start][P.horizon - 1].toFixed(0);
			fig.say(`Your return: ${total().toFixed(0)}. Optimum ${at("optimum")}, energy shaping `
				+ `${at("shaping")}, random torque ${at("random")}.`);
		}
		tell();
	};
	const tell = () => {
		const i = Math.max(t - 1, 0), at = n => R[n][s.start][i].toFixed(0);
		say(t ? `${(t / 20).toFixed(1)} s: you ${total().toFixed(0)}, optimum ${at("optimum")}, `
				+ `energy shaping ${at("shaping")}, random ${at("random")}`
			: "The clock starts with your first torque.");
	};
	const act = () => {
		if (t >= P.horizon) begin();
		if (!fig.playing) fig.play(true);
	};
	const press = event => {
		if (event.repeat) return;
		act(); // which begins anew where the episode is over
		keys.add(event.key);
	};
	const canvas = fig.canvas({
		label: "Pendulum. Left and right arrow keys push it; drag towards where the tip should go; space begins anew.",
		ratio: 0.95, role: "application",
		draw(c, w, h, k) { rod.draw(c, w, h, k, fig.part, fig.playing ? wanted() : rod.torque); },
		drag(x, y, w, h, phase) {
			if (phase === "down") act();
			pull = phase === "up" ? null : Math.atan2(w / 2 - x, h / 2 - y);
		},
		keys: { ArrowLeft: press, ArrowRight: press, " ": begin },
	});
	canvas.addEventListener("keyup", e => keys.delete(e.key));
	canvas.addEventListener("blur", () => keys.clear());
	fig.canvas({
		label: "Return so far over ten seconds: yours, the optimum, energy shaping, random torque.",
		ratio: 0.62, grow: 1.7,
		draw(c, w, h, k) {
			const lines = [["random", k.muted, "random torque"], ["shaping", k.replay, "energy shaping"],
				["optimum", k.truth, "optimum"]];
			const low = Math.min(-100, total(), ...lines.map(([n]) => R[n][s.start][P.horizon - 1]));
			const a = L.axes(c, w, h, { x: [0, 10], y: [low * 1.05, 0], xlabel: "seconds", ylabel: "return so far" }, k);
			for (const [name, color, words] of lines) {
				const curve = R[name][s.start];
				L.line(c, [[a.X(0), a.Y(0)], ...curve.map((v, i) => [a.X((i + 1) / 20), a.Y(v)])], color, 1.6);
				// The optimum above its line, energy shaping below its own: they are close.
				const random = name === "random", i = random ? 119 : P.horizon - 1;
				const x = random ? a.X(6) - 10 : a.right - 2, y = a.Y(curve[i]);
				L.text(c, words, x, y + (name === "optimum" ? -10 : 11), color, "right");
			}
			if (!t) return;
			L.line(c, [[a.X(0), a.Y(0)], ...earned.map((v, i) => [a.X((i + 1) / 20), a.Y(v)])], k.actor, 3);
			L.dot(c, a.X(t / 20), a.Y(total()), 4, k.actor);
			L.text(c, "you", a.X(t / 20) + (t > 180 ? -8 : 8), a.Y(total()) - 10, k.actor, t > 180 ? "right" : "left");
		},
	});
	const force = fig.slider({
		label: "Torque", min: -2, max: 2, step: 0.1, value: 0, show: v => `${v.toFixed(1)} N m`,
		input: act,
	});
	for (const end of ["pointerup", "pointercancel"])
		force.e.addEventListener(end, () => { force.set(0); }); // let go: no torque
	fig.loop(20 * s.speed, step, { play: false });
	fig.button("Again", begin);
	fig.choice({
		label: "Start", key: "start", input: begin,
		options: R.starts.map(([a], i) => [i, i ? `${Math.round(P.wrap(a) * 180 / Math.PI)}°`.replace("-", "−") : "hanging at rest"]),
	});
	fig.choice({
		label: "Speed", key: "speed", options: [[1, "real time"], [0.5, "half"]],
		input: v => { fig.rate(20 * v); },
	});
	const say = fig.output();
	fig.onstate = () => {
		begin();
		fig.rate(20 * s.speed);
	};
	begin();
	fig.test = () => ({ ...rod, t, total: total() });
});
