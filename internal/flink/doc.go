// Package flink is what Drey knows of Apache Flink: the JobManager's REST interface, configuration and command lines, the
// memory model, distributions and their Java, the _metadata file of a snapshot, and what a failure's text means.
// It starts nothing of Flink by itself; what it renders is run by a runtime.
package flink
