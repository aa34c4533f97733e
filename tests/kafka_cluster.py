"""Three nodes of Apache Kafka on loopback, each broker and controller: for what happens when a leader goes."""

from kafka import TopicPartition
from kafka.errors import KafkaError
from kafka_broker import Admin, Broker, Kafka
from ports import free_port


class Cluster(Kafka):
    """Nodes 1 to 3; every topic has three replicas unless the test says otherwise."""

    def __init__(self, folder):
        voters = {number: free_port() for number in (1, 2, 3)}
        self.nodes = {number: Broker(folder / str(number), number, voters) for number in voters}
        super().__init__(",".join(node.address for node in self.nodes.values()))

    def start(self):
        for node in self.nodes.values():
            node.launch()
        for node in self.nodes.values():
            node.wait()
        return self

    def stop(self):
        """End all at once: in order, each would wait for the others."""
        for node in self.nodes.values():
            node.kill()

    def create(self, name, partitions=1, replicas=3, **settings):
        super().create(name, partitions, replicas, min_insync_replicas=1, **settings)

    def leaders(self, topic):
        """Return the node that leads each partition; nothing while the node that was asked is gone."""
        try:
            with Admin(self.address) as admin:
                [told] = admin.describe_topics([topic])
        except KafkaError:
            return {}
        return {one["partition_index"]: one["leader_id"] for one in told["partitions"]}

    def move(self, topic, partition, node):
        """Let one node alone hold a partition."""
        with Admin(self.address) as admin:
            admin.alter_partition_reassignments({TopicPartition(topic, partition): [node]})
