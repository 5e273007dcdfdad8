"""`flask vapid create`: a key that can be pushed with, in a file of its owner's alone, written once."""

from app.gateways.push import Pusher


def test_a_key_is_made_once_and_for_its_owner_alone(app, tmp_path):
    place = tmp_path / "vapid.pem"
    runner = app.test_cli_runner()
    assert runner.invoke(args=["vapid", "create", str(place)]).output == f"ECABINET_VAPID_KEY={place}\n"
    assert place.stat().st_mode & 0o777 == 0o600
    key = Pusher(place, "mailto:a@b.example").public_key
    again = runner.invoke(args=["vapid", "create", str(place)])
    assert (again.exit_code, "File exists" in again.output) == (1, True)
    assert Pusher(place, "mailto:a@b.example").public_key == key
