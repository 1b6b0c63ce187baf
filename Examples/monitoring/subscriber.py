"""Prints what a RunSurge cluster says of itself: python3 subscriber.py KEY.json (or an endpoint without keys)."""
import json, os, sys
import zmq
import events_pb2 as events

kinds = {"beacon": events.Beacon, "node": events.Heartbeat, "node-state": events.NodeState, "job": events.JobEvent}
socket = zmq.Context().socket(zmq.SUB)
endpoint = sys.argv[1]
if os.path.exists(endpoint):  # written by `runsurge enroll --monitor --output KEY.json`
    key = json.load(open(endpoint))
    socket.curve_serverkey = key["server_keys"][0].encode()
    socket.curve_publickey, socket.curve_secretkey = key["public_key"].encode(), key["secret_key"].encode()
    endpoint = key["endpoints"]["events"]
socket.subscribe("")  # or "beacon", "node/", "node-state/12", "job/" …
socket.connect(endpoint)
while True:
    topic, payload = map(bytes, socket.recv_multipart())
    message = kinds[topic.decode().split("/")[0]].FromString(payload)
    print(topic.decode(), " ".join(str(message).split()), flush=True)
