/* Chapter 14: recorded flights. */
"use strict";
ddpgLiving.define("lander-flights", fig => {
	const L = ddpgLiving, flights = L.data.flights.flights;
	const after = flights.findIndex(f => f.moment === "after training");
	const s = fig.state({ flight: after, t: 0 });
	const starts = [...new Set(flights.map(f => f.start))];
	const end = f => f.sum[f.sum.length - 1];
	let f, X1;

	const load = () => {
		s.flight = L.clip(Math.round(s.flight), 0, flights.length - 1);
		f = flights[s.flight];
		time.e.max = f.x.length - 1;
		s.t = L.clip(Math.round(s.t), 0, f.x.length - 1);
		time.set(s.t);
		tell();
	};
	const tell = () => {
		const t = s.t;
		say(`Main engine ${Math.round(100 * f.main[t])}%, side ${Math.round(100 * Math.abs(f.side[t]))}%. `
			+ `Return so far ${f.sum[t].toFixed(0)}, the critic's value ${f.q[t].toFixed(0)}.`
			+ (t === f.x.length - 1 ? ` The flight ends: ${f.end}.` : ""));
	};
	const W = 20, H = 400 / 30;
	fig.canvas({
		label: "The lander above the ground, its pad between two flags, and the path so far.",
		ratio: 0.67, grow: 1.2,
		draw(c, w, h, k) {
			const z = w / W, X = x => x * z, Y = y => h - y * z, t = s.t;
			c.fillStyle = k.surface;
			c.fillRect(0, 0, w, h);
			L.fill(c, [[0, h], ...f.ground.map(([x, y]) => [X(x), Y(y)]), [w, h]], k.grid);
			for (const x of [8, 12]) {
				L.line(c, [[X(x), Y(H / 4)], [X(x), Y(H / 4 + 1.4)]], k.ink, 1.5);
				L.line(c, [[X(x), Y(H / 4 + 1.2)], [X(x + 0.6), Y(H / 4 + 1.2)]], k.noise, 4);
			}
			L.line(c, f.x.slice(0, t + 1).map((x, i) => [X(x), Y(f.y[i])]), k.muted, 1.2);
			c.save();
			c.translate(X(f.x[t]), Y(f.y[t]));
			c.rotate(-f.angle[t]);
			c.scale(z / 30, z / 30); // Gymnasium's own units, of which 30 are one of the world's
			const flame = (x, y, dx, dy, wide) => {
				const [a, b] = dy ? [wide, 0] : [0, wide];
				L.fill(c, [[x - a, y - b], [x + dx, y + dy], [x + a, y + b]], k.critic);
			};
			if (f.main[t] > 0) flame(0, 10, 0, 45 * f.main[t], 7);
			// A positive side action fires to the left and pushes the lander to the right.
			if (f.side[t]) flame(-17 * Math.sign(f.side[t]), -8, -26 * f.side[t], 0, 4);
			for (const d of [-1, 1]) L.line(c, [[d * 12, 6], [d * 23, 22], [d * 27, 22]], k.ink, 3);
			L.fill(c, [[-14, -17], [-17, 0], [-17, 10], [17, 10], [17, 0], [14, -17]], k.actor);
			c.restore();
		},
	});
	fig.canvas({
		label: "Over the flight's time: thrust of both engines, the critic's value, and the return so far.",
		ratio: 0.86,
		draw(c, w, h, k) {
			const times = f.x.map((_, i) => i / 50), now = s.t / 50, x = [0, times.at(-1)], top = Math.round(h * 0.4);
			const trace = (a, values, color, width) => L.line(c, a.points(times, values), color, width);
			let a = L.axes(c, w, top, { x, y: [0, 1], ylabel: "thrust", yticks: 2, xticks: 4 }, k);
			trace(a, f.side.map(Math.abs), k.noise, 1);
			trace(a, f.main, k.actor, 1.5);
			L.text(c, "main", w - 62, 9, k.actor, "right");
			L.text(c, "side", w - 22, 9, k.noise, "right");
			a.mark(now);
			c.translate(0, top);
			const all = [...f.q, ...f.sum, 0], low = Math.min(...all), high = Math.max(...all);
			a = L.axes(c, w, h - top, { x, y: [low - 5, high + 5], ylabel: " ", xlabel: "seconds", yticks: 4 }, k);
			trace(a, f.sum, k.ink, 1.5);
			trace(a, f.q, k.critic, 1.5);
			L.text(c, "critic's value", 2, 9, k.critic);
			L.text(c, "return so far", w - 22, 9, k.ink, "right");
			a.mark(now);
			L.dot(c, a.X(now), a.Y(f.q[s.t]), 4, k.critic);
			L.dot(c, a.X(now), a.Y(f.sum[s.t]), 4, k.ink);
			X1 = a.X1;
		},
		drag(x) {
			go(Math.round(50 * X1(x)));
		},
	});
	const go = t => {
		if (fig.playing) fig.play(false);
		s.t = L.clip(t, 0, f.x.length - 1);
		time.set(s.t);
		tell();
		fig.save();
	};
	const time = fig.slider({
		label: "Time", min: 0, max: 1000, key: "t", show: t => `${(t / 50).toFixed(1)} s`,
		input: go,
	});
	fig.choice({
		label: "Flight", key: "flight", input() { s.t = 0; load(); if (!fig.reduced) fig.play(true); },
		options: flights.map((g, i) => [i, L.minus(`${g.moment}, start ${starts.indexOf(g.start) + 1}: ${end(g).toFixed(0)}, ${g.end}`)]),
	});
	const button = fig.loop(50, () => {
		s.t++;
		if (s.t >= f.x.length - 1) {
			fig.play(false);
			fig.say(`The flight ends: ${f.end}, return ${end(f).toFixed(0)}.`);
		}
		time.set(s.t);
		tell();
	}, { play: false });
	button.addEventListener("click", () => { // after the end it begins anew
		if (fig.playing && s.t >= f.x.length - 1) s.t = 0;
	});
	const say = fig.output();
	fig.onstate = load;
	load();
	fig.test = () => ({ ...s, length: f.x.length });
});
