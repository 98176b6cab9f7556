/* The front page: a trained actor swings the pendulum up, and again after a push. */
"use strict";
ddpgLiving.define("pendulum", fig => {
	const L = ddpgLiving, { sizes, weights, bits } = L.data.actor, rod = new L.Rod();
	const actor = L.network(sizes, true, L.floats(weights, bits));

	const push = by => {
		rod.push(by);
		fig.play(true);
	};
	const [left, right] = [() => push(5), () => push(-5)];
	const canvas = fig.canvas({
		label: "A pendulum that the trained actor swings up. Press it for a push.", ratio: 0.8, role: "button",
		draw(c, w, h, k) { rod.draw(c, w, h, k, fig.part); },
		keys: { ArrowLeft: left, ArrowRight: right, " ": left, Enter: left },
	});
	canvas.addEventListener("click", ({ offsetX, offsetY }) => {
		// Away from the pointer, along the circle.
		const [w, h] = [canvas.clientWidth, canvas.clientHeight], [x, y] = L.tip(rod.theta, w, h);
		push((x - offsetX) * Math.cos(rod.theta) > (y - offsetY) * Math.sin(rod.theta) ? -5 : 5);
	});
	fig.loop(20, () => { rod.step(2 * actor.one(L.pendulum.observe(rod.theta, rod.speed))); });
	fig.test = () => ({ ...rod });
});
