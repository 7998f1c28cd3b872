"""Customers sign in with their e-mail address, have UUIDs, no user name, no groups and no `is_active` column."""

from __future__ import annotations

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class Customer(AbstractBaseUser):
    """The shop's user model."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    full_name = models.CharField(max_length=100, blank=True)
    language = models.CharField(max_length=10, blank=True)

    objects = BaseUserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    def __str__(self) -> str:
        return self.email

    @property
    def is_staff(self) -> bool:
        """Those with an address of the shop's own; Django's admin asks this and the next two."""
        return self.email.endswith("@shop.example")

    def has_perm(self, permission: str, obj: object = None) -> bool:
        return self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff


class Company(models.Model):
    """A client of the shop, and who of the shop looks after it."""

    name = models.CharField(max_length=100)
    account_manager = models.ForeignKey(
        Customer, models.SET_NULL, null=True, blank=True, related_name="looks_after"
    )

    def __str__(self) -> str:
        return self.name


class Employee(models.Model):
    """Who works for a company."""

    company = models.ForeignKey(Company, models.CASCADE)
    customer = models.ForeignKey(Customer, models.CASCADE)

    def __str__(self) -> str:
        return f"{self.customer} of {self.company}"


class Invoice(models.Model):
    """What the shop notifies about."""

    customer = models.ForeignKey(Customer, models.CASCADE)
    amount = models.IntegerField()

    def __str__(self) -> str:
        return f"invoice {self.pk}"
