"""The official pages of local aids are looked at once a week, as the outgoing client allows."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.outgoing import Answer, Client, NoAnswer
from services.aids import catalogue, shipping
from services.aids.actions import links
from services.aids.models import LinkState

pytestmark = pytest.mark.django_db


class Pages(Client):
    """A client that knows some pages, and counts what it is asked."""

    asked: list[str] = []

    def get(self, url, *, hops=0, headers=None):
        self.asked.append(url)
        if "absent" in url:
            raise NoAnswer("unknown")
        return Answer(url, 404 if "perdue" in url else 200)


@pytest.fixture
def client() -> Pages:
    Pages.asked = []
    return Pages()


def publish(*urls):
    for rank, url in enumerate(urls):
        shipping.write({**catalogue.local_aids()[0], "code": f"aide-{rank}", "link": url})


def test_each_page_is_looked_at_once_a_week(client):
    urls = [f"https://{name}.example/" for name in ("absent", "perdue", "villebrume")]
    publish(*urls, "")
    links.look_at_due(client=client)
    assert dict(LinkState.objects.values_list("url", "problem")) == dict(
        zip(urls, ("unknown", "404", ""), strict=True)
    )
    links.look_at_due(client=client)
    assert client.asked == urls
    LinkState.objects.update(seen_at=timezone.now() - timedelta(days=8))
    links.look_at_due(client=client)
    assert client.asked == urls * 2


def test_an_address_of_the_citys_own_network_is_not_called():
    publish("https://interne.example/")
    (found,) = links.look_at_due(client=Client(resolve=lambda host, port: ["10.0.0.7"]))
    assert found.problem == "private"


def test_a_run_is_short_and_forgets_what_no_aid_names(client):
    LinkState.objects.create(url="https://ancienne.example/")
    publish(*(f"https://ville-{rank}.example/" for rank in range(links.MOST + 2)))
    assert len(links.look_at_due(client=client)) == links.MOST
    assert not LinkState.objects.filter(url="https://ancienne.example/").exists()
    assert len(links.look_at_due(client=client)) == 2
