"""What every store must do. Subclass it, give it a store, and pytest runs the whole suite against it.

    class TestMyStore(StorageContract):
        @pytest.fixture
        async def store(self, clock):
            store = MyStore(lease_clock=clock.now)
            await store.open()
            yield store
            await store.aclose()

        @pytest.fixture
        def put_intake(self, store):
            async def put(number, text, key=None):
                ...  # insert a row into the intake, as a host does in its own transaction

            return put

A store whose data can be opened twice also subclasses `SharedStorageContract`, with a second store as `second`.
"""

from __future__ import annotations

from smskit.testing.contracts.storage_admission import AdmissionContract
from smskit.testing.contracts.storage_carrier_ids import CarrierIdsContract
from smskit.testing.contracts.storage_choosing import ChoosingContract
from smskit.testing.contracts.storage_consent import ConsentContract
from smskit.testing.contracts.storage_contacts import ContactsContract
from smskit.testing.contracts.storage_conversations import ConversationsContract
from smskit.testing.contracts.storage_deleting import DeletingContract
from smskit.testing.contracts.storage_desk import DeskContract
from smskit.testing.contracts.storage_doubts import DoubtsContract
from smskit.testing.contracts.storage_drip_steps import DripStepsContract
from smskit.testing.contracts.storage_drips import DripsContract
from smskit.testing.contracts.storage_events import EventsContract
from smskit.testing.contracts.storage_history import HistoryContract
from smskit.testing.contracts.storage_inbox import InboxContract
from smskit.testing.contracts.storage_media import MediaContract
from smskit.testing.contracts.storage_opting import OptingContract
from smskit.testing.contracts.storage_order import OrderContract
from smskit.testing.contracts.storage_outcomes import OutcomesContract
from smskit.testing.contracts.storage_parts import PartsContract
from smskit.testing.contracts.storage_people import PeopleContract
from smskit.testing.contracts.storage_queue import QueueContract
from smskit.testing.contracts.storage_rates import RatesContract
from smskit.testing.contracts.storage_reading import ReadingContract
from smskit.testing.contracts.storage_receipts import ReceiptsContract
from smskit.testing.contracts.storage_schedules import SchedulesContract
from smskit.testing.contracts.storage_search import SearchContract

__all__ = ["StorageContract"]


class StorageContract(
    DeskContract,
    ContactsContract,
    PeopleContract,
    HistoryContract,
    ConversationsContract,
    ChoosingContract,
    ReadingContract,
    EventsContract,
    QueueContract,
    OrderContract,
    RatesContract,
    AdmissionContract,
    ConsentContract,
    OptingContract,
    OutcomesContract,
    DoubtsContract,
    ReceiptsContract,
    CarrierIdsContract,
    InboxContract,
    PartsContract,
    MediaContract,
    DripsContract,
    DeletingContract,
    DripStepsContract,
    SchedulesContract,
    SearchContract,
):
    """Every test of a store: its subclass has the fixtures `store` and `put_intake`."""
