"""Gaussian-process regression on numbers and categories, in numpy.

Source: Rasmussen and Williams 2006, "Gaussian Processes for Machine Learning", algorithm 2.1 and
section 5.4.1; the kernel is Matérn 5/2 with a length for each dimension (Snoek et al. 2012,
"Practical Bayesian Optimization"); categories are at distance 0 or 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_RATE = 0.15
_LEAST_NOISE = 1e-6
_FIRST_NOISE = -4.0  # the logarithm
# Log-normal priors of the hyperparameters, on standardised scores and coordinates from 0 to 1:
# (mean, width) of the logarithm. Lengths grow with the number of dimensions, as in Hvarfner et
# al. 2024, "Vanilla Bayesian Optimization Performs Great in High Dimensions".
_LENGTH_PRIOR = (-0.7, 1.2)
_AMPLITUDE_PRIOR = (0.0, 1.0)
_NOISE_PRIOR = (-7.0, 3.0)


class Process:
    """A Gaussian process fitted to points and scores.

    Args:
        points: one row a point; numbers from 0 to 1, or places in a list.
        scores: one a point, about standardised.
        categorical: for each column, whether it is places in a list.
        start: the hyperparameters to begin with, of another process.
        steps: how many steps the fit has.

    Attributes:
        theta: the hyperparameters: logarithms of 1 / length² for each column, amplitude, noise.
        density: of the scores and hyperparameters, in logarithms, up to a constant.
    """

    def __init__(
        self,
        points: Array,
        scores: Array,
        categorical: Sequence[bool],
        *,
        start: Array | None = None,
        steps: int = 60,
    ) -> None:
        self._points = points
        self._categorical = np.array(categorical, dtype=bool)
        self._parts = self._distances(points, points)
        self._fit(scores, start, steps)

    def predict(self, points: Array) -> tuple[Array, Array]:
        """Return (means, standard deviations) of the scores without noise."""
        squared = np.tensordot(self._weights, self._distances(points, self._points), axes=1)
        cross = self._amplitude * _matern(squared)[0]
        mean = self._mean + cross @ self._solved
        variance = self._amplitude - ((cross @ self._inverse) * cross).sum(axis=1)
        return mean, np.sqrt(np.maximum(variance, 1e-12))

    def _distances(self, left: Array, right: Array) -> Array:
        apart = left.T[:, :, None] - right.T[:, None, :]
        apart[self._categorical] = apart[self._categorical] != 0
        return apart**2

    def _fit(self, scores: Array, start: Array | None, steps: int) -> None:
        """Find the hyperparameters of greatest posterior density by Adam, keep the best seen."""
        n, dims = len(scores), len(self._parts)
        length = _LENGTH_PRIOR[0] + 0.5 * np.log(dims)
        centre = np.array([-2 * length] * dims + [_AMPLITUDE_PRIOR[0], _NOISE_PRIOR[0]])
        width = np.array([2 * _LENGTH_PRIOR[1]] * dims + [_AMPLITUDE_PRIOR[1], _NOISE_PRIOR[1]])
        theta = centre.copy() if start is None else start.copy()
        if start is None:
            theta[-1] = _FIRST_NOISE
        first, second = np.zeros_like(theta), np.zeros_like(theta)
        best = (-np.inf, theta.copy())
        mean = float(scores.mean())
        residual = scores - mean
        eye = np.eye(n)
        for step in range(1, steps + 1):
            weights, amplitude = np.exp(theta[:dims]), np.exp(theta[dims])
            noise = np.exp(theta[-1]) + _LEAST_NOISE
            kernel, slope = _matern(np.tensordot(weights, self._parts, axes=1))
            try:
                lower = np.linalg.cholesky(amplitude * kernel + noise * eye)
            except np.linalg.LinAlgError:
                break
            inverse_lower = np.linalg.inv(lower)
            inverse = inverse_lower.T @ inverse_lower
            solved = inverse @ residual
            density = -0.5 * residual @ solved - np.log(np.diag(lower)).sum()
            density -= 0.5 * (((theta - centre) / width) ** 2).sum()
            if density > best[0]:
                best = (float(density), theta.copy())
            # d log p / dθ = ½ tr((aa' - K⁻¹) dK/dθ) with a = K⁻¹y, equation 5.9.
            outer = np.outer(solved, solved) - inverse
            pull = outer * slope * amplitude
            gradient = np.empty_like(theta)
            gradient[:dims] = 0.5 * weights * np.tensordot(self._parts, pull, axes=2)
            gradient[dims] = 0.5 * amplitude * (outer * kernel).sum()
            gradient[-1] = 0.5 * np.exp(theta[-1]) * np.trace(outer)
            gradient -= (theta - centre) / width**2
            first = 0.8 * first + 0.2 * gradient
            second = 0.95 * second + 0.05 * gradient**2
            scaled = first / (1 - 0.8**step)
            theta = theta + _RATE * scaled / (np.sqrt(second / (1 - 0.95**step)) + 1e-8)
        self.density, self.theta = best
        theta = self.theta
        self._weights, self._amplitude = np.exp(theta[:dims]), float(np.exp(theta[dims]))
        kernel = self._amplitude * _matern(np.tensordot(self._weights, self._parts, axes=1))[0]
        self._inverse = np.linalg.inv(kernel + (np.exp(theta[-1]) + _LEAST_NOISE) * eye)
        self._mean = mean
        self._solved = self._inverse @ residual


def _matern(squared: Array) -> tuple[Array, Array]:
    """Return the kernel of squared distances, and its derivative by them."""
    root = np.sqrt(5.0 * np.maximum(squared, 0.0))
    decay = np.exp(-root)
    return (1 + root + 5.0 / 3.0 * squared) * decay, -5.0 / 6.0 * (1 + root) * decay
