# %%
import numpy as np

# %%
temps = np.array([21.5, 19.0, np.nan, 23.25, 18.75, np.nan, 25.0, 20.5])
grid = np.arange(1, 21).reshape(4, 5) * 1.5
grid[1, 3] = -7.0

# %%
A = np.array([[4.0, 1.0, 2.0], [1.0, 3.0, 0.0], [2.0, 0.0, 5.0]])
b = np.array([7.0, 4.0, 9.0])

# %%
video = (np.arange(2 * 6 * 4) % 17).reshape(2, 6, 4).astype(np.uint8)
masked = np.ma.masked_less(np.array([3.0, -999.0, 8.0, 5.5, -999.0, 1.5]), -100)

# %%
labels = np.array(["cat", "dog", "cat", "bird", "dog", "cat"])
counts = np.array([3, 14, 15, 9, 26, 5, 35, 8])
signal = np.sin(np.linspace(0, 4 * np.pi, 200))
