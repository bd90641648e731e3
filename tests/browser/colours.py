"""Colours, and WCAG's contrast between two of them."""

import io

import numpy as np
from PIL import Image


def channels(colour, opacity=1.0):
    """Return a CSS colour as red, green, blue in [0, 255] and its opacity."""
    if not colour.startswith("rgb"):
        return np.zeros(3), 0.0
    numbers = [float(part) for part in colour[colour.index("(") + 1 : -1].split(",")]
    return np.array(numbers[:3]), float(opacity) * (numbers[3] if len(numbers) > 3 else 1)


def luminance(colour):
    c = np.asarray(colour) / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(colour, opacity, paper):
    """Return WCAG's contrast of a colour, laid over paper, with the paper."""
    rgb, alpha = channels(colour, opacity)
    one, other = luminance(alpha * rgb + (1 - alpha) * paper), luminance(paper)
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def pixels(screenshot):
    """Return a screenshot as an array of shape (rows, columns, 3)."""
    return np.asarray(Image.open(io.BytesIO(screenshot)).convert("RGB"))


def commonest(pixels):
    """Return the colour that most of the pixels have."""
    numbers, counts = np.unique(pixels.reshape(-1, 3) @ [65536, 256, 1], return_counts=True)
    number = numbers[counts.argmax()]
    return np.array([number // 65536, number // 256 % 256, number % 256])
