# %%
import math
from dataclasses import dataclass


# %%
def celsius(fahrenheit: float) -> float:
    """Convert degrees Fahrenheit to Celsius."""
    return (fahrenheit - 32) * 5 / 9


def heat_index(temperature, humidity=50):
    """Felt temperature from degrees Fahrenheit and relative humidity.

    Args:
        temperature: In Fahrenheit.
        humidity: In percent.
    """
    return celsius(temperature) + humidity / 100


# %%
@dataclass
class Circle:
    """A circle with a radius."""

    radius: float

    def area(self) -> float:
        """Its area."""
        return math.pi * self.radius**2


class Account:
    """A bank account that logs what is done."""

    limit = 500

    def __init__(self, owner, balance=0):
        self.owner = owner
        self.balance = balance
        self.log = []

    def deposit(self, amount):
        """Add money."""
        self.balance += amount
        self.log.append(amount)

    def withdraw(self, amount):
        if amount > self.balance + self.limit:
            raise ValueError("too much")
        self.balance -= amount
        self.log.append(-amount)


# %%
account = Account("Mia", 120)
account.deposit(80)
account.withdraw(35)
circle = Circle(2.5)

# %%
threshold = 90
felt = heat_index(threshold, humidity=70)
area = circle.area()


# %%
def undocumented(x, y, *rest, scale=2.0):
    return (x + y) * scale


report = f"{account.owner}: {account.balance}, felt {felt:.1f}"
