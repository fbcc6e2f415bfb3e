package broker

import (
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// guard makes the cluster refuse, with POLICY_VIOLATION, what would make it drop records: deleting records, and
// compaction or retention as settings of a topic or of the broker. It makes it refuse records from the future too.
func guard(cluster *kfake.Cluster, d *disk) {
	nameOf := func(id [16]byte) string {
		if info := cluster.TopicIDInfo(id); info != nil {
			return info.Topic
		}
		return ""
	}
	refuse := func(key kmsg.Key, answer func(kmsg.Request) kmsg.Response) {
		cluster.ControlKey(key.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
			res := answer(req)
			if res == nil {
				return nil, nil, false
			}
			cluster.KeepControl()
			return res, nil, true
		})
	}
	refuse(kmsg.DeleteRecords, refuseDeleteRecords)
	refuse(kmsg.CreateTopics, refuseCreateTopics)
	refuse(kmsg.AlterConfigs, refuseAlterConfigs)
	refuse(kmsg.IncrementalAlterConfigs, refuseIncrementalAlterConfigs)
	stamps := &stamps{cluster: cluster}
	each(cluster, kmsg.Produce, func(r kmsg.Request) {
		stamps.check(r.(*kmsg.ProduceRequest))
		if d != nil {
			d.expect(r, nameOf)
		}
	})
	if d == nil {
		return
	}
	for _, key := range []kmsg.Key{
		kmsg.CreateTopics, kmsg.CreatePartitions, kmsg.DeleteTopics, kmsg.AlterConfigs, kmsg.IncrementalAlterConfigs,
		kmsg.OffsetCommit, kmsg.OffsetDelete, kmsg.DeleteGroups,
		kmsg.InitProducerID, kmsg.TxnOffsetCommit, kmsg.EndTxn, kmsg.WriteTxnMarkers,
	} {
		each(cluster, key, func(r kmsg.Request) { d.expect(r, nameOf) })
	}
}

// each calls look with every request of a kind before the cluster carries it out.
func each(cluster *kfake.Cluster, key kmsg.Key, look func(kmsg.Request)) {
	cluster.ControlKey(key.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
		// The cluster keeps the last request of each connection, even of closed ones, as long as it keeps the function
		// that was asked about it. A fresh function for each request lets go of the records.
		cluster.DropControl()
		each(cluster, key, look)
		look(r)
		return nil, nil, false
	})
}

// dropsRecords reports whether a setting lets the broker drop records.
func dropsRecords(name string, value *string) bool {
	if value == nil {
		return false
	}
	switch strings.TrimPrefix(name, "log.") {
	case "cleanup.policy":
		return *value != "delete"
	case "retention.ms", "retention.bytes":
		return *value != "-1"
	}
	return false
}

// refusal is the message of every refused request.
const refusal = "the embedded broker keeps every record: no compaction, no retention, no deletion"

func refuseDeleteRecords(r kmsg.Request) kmsg.Response {
	req := r.(*kmsg.DeleteRecordsRequest)
	res := req.ResponseKind().(*kmsg.DeleteRecordsResponse)
	for _, topic := range req.Topics {
		refused := kmsg.NewDeleteRecordsResponseTopic()
		refused.Topic = topic.Topic
		for _, p := range topic.Partitions {
			answer := kmsg.NewDeleteRecordsResponseTopicPartition()
			answer.Partition, answer.LowWatermark, answer.ErrorCode = p.Partition, -1, kerr.PolicyViolation.Code
			refused.Partitions = append(refused.Partitions, answer)
		}
		res.Topics = append(res.Topics, refused)
	}
	return res
}

// refuseCreateTopics refuses the whole request for one unfit topic: a client that sends several expects an answer for
// each, and only the broker itself can create the others.
func refuseCreateTopics(r kmsg.Request) kmsg.Response {
	req := r.(*kmsg.CreateTopicsRequest)
	unfit := false
	for _, topic := range req.Topics {
		for _, config := range topic.Configs {
			unfit = unfit || dropsRecords(config.Name, config.Value)
		}
	}
	if !unfit {
		return nil
	}
	res := req.ResponseKind().(*kmsg.CreateTopicsResponse)
	for _, topic := range req.Topics {
		answer := kmsg.NewCreateTopicsResponseTopic()
		answer.Topic, answer.ErrorCode, answer.ErrorMessage = topic.Topic, kerr.PolicyViolation.Code, kmsg.StringPtr(refusal)
		res.Topics = append(res.Topics, answer)
	}
	return res
}

func refuseAlterConfigs(r kmsg.Request) kmsg.Response {
	req := r.(*kmsg.AlterConfigsRequest)
	unfit := false
	for _, resource := range req.Resources {
		for _, config := range resource.Configs {
			unfit = unfit || dropsRecords(config.Name, config.Value)
		}
	}
	if !unfit {
		return nil
	}
	res := req.ResponseKind().(*kmsg.AlterConfigsResponse)
	for _, resource := range req.Resources {
		answer := kmsg.NewAlterConfigsResponseResource()
		answer.ResourceType, answer.ResourceName = resource.ResourceType, resource.ResourceName
		answer.ErrorCode, answer.ErrorMessage = kerr.PolicyViolation.Code, kmsg.StringPtr(refusal)
		res.Resources = append(res.Resources, answer)
	}
	return res
}

// refuseIncrementalAlterConfigs refuses appending to a setting and removing from it too: the result depends on what
// the setting is. Deleting a setting leaves the broker's own, which keeps everything.
func refuseIncrementalAlterConfigs(r kmsg.Request) kmsg.Response {
	req := r.(*kmsg.IncrementalAlterConfigsRequest)
	unfit := false
	for _, resource := range req.Resources {
		for _, config := range resource.Configs {
			if config.Op != kmsg.IncrementalAlterConfigOpDelete {
				unfit = unfit || dropsRecords(config.Name, config.Value)
			}
		}
	}
	if !unfit {
		return nil
	}
	res := req.ResponseKind().(*kmsg.IncrementalAlterConfigsResponse)
	for _, resource := range req.Resources {
		answer := kmsg.NewIncrementalAlterConfigsResponseResource()
		answer.ResourceType, answer.ResourceName = resource.ResourceType, resource.ResourceName
		answer.ErrorCode, answer.ErrorMessage = kerr.PolicyViolation.Code, kmsg.StringPtr(refusal)
		res.Resources = append(res.Resources, answer)
	}
	return res
}
