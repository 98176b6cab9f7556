/* Dense networks in float64, for minibatches, and recorded ones. */
"use strict";
// In a function of its own, for a worker runs its text: see ddpg.js.
ddpgLiving.networks = clip => {
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
	return class Network {
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
		// The first output for one input.
		one(x) {
			this.h[0].set(x);
			return this.forward(1)[0];
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
	};
};
(L => {
	L.Network = L.networks(L.clip);
	// A recorded network with one row, from all its weights in one array.
	L.network = (sizes, squash, flat) => {
		const network = new L.Network(sizes, squash, 1), { theta } = network;
		if (theta.length !== flat.length) throw Error(`${flat.length} weights for a network of ${theta.length}`);
		theta.set(flat);
		return network;
	};
	const half = h => {
		const sign = h >> 15 ? -1 : 1, e = h >> 10 & 31, m = h & 1023;
		return sign * (e ? 2 ** (e - 15) * (1 + m / 1024) : 2 ** -24 * m);
	};
	// Little-endian numbers of 16 or 32 bits in base64, as float64.
	L.floats = (text, bits) => {
		const raw = Uint8Array.from(atob(text), c => c.charCodeAt(0)), v = new DataView(raw.buffer);
		return Float64Array.from({ length: raw.length * 8 / bits }, (_, i) =>
			bits === 16 ? half(v.getUint16(2 * i, true)) : v.getFloat32(4 * i, true));
	};
})(ddpgLiving);
