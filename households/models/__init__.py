"""Models of people and households, by noun."""

from households.models.consent import Consent, ConsentAgency, ConsentScan
from households.models.follow import follows_merge
from households.models.former_name import FormerName
from households.models.grants import AccessGrant
from households.models.household import (
    VIEW_HOUSEHOLD,
    Household,
    HouseholdDenial,
    HouseholdGrant,
    denied_households,
    staff_denied,
)
from households.models.movement import FormerAddress, HouseholdMovement, MovementPerson
from households.models.person import HouseholdMember, Kinship, Person, people_of, without_search
from households.models.protection import AddressProtection, ProtectionUnit, SafeContact
from households.models.sameness import MergedRow, PersonLink, PersonMerge

__all__ = [
    "VIEW_HOUSEHOLD",
    "AccessGrant",
    "AddressProtection",
    "Consent",
    "ConsentAgency",
    "ConsentScan",
    "FormerAddress",
    "FormerName",
    "Household",
    "HouseholdDenial",
    "HouseholdGrant",
    "HouseholdMember",
    "HouseholdMovement",
    "Kinship",
    "MergedRow",
    "MovementPerson",
    "Person",
    "PersonLink",
    "PersonMerge",
    "ProtectionUnit",
    "SafeContact",
    "denied_households",
    "follows_merge",
    "people_of",
    "staff_denied",
    "without_search",
]
