package flink

import (
	"fmt"
	"math"
	"strconv"
)

// JobManagerMemory is Flink's memory model of a JobManager, in bytes.
type JobManagerMemory struct {
	Heap, OffHeap, Metaspace, Overhead int64
	LimitDirect                        bool // pass MaxDirectMemorySize to the JVM
}

// TaskManagerMemory is Flink's memory model of a TaskManager, in bytes.
type TaskManagerMemory struct {
	FrameworkHeap, TaskHeap       int64
	FrameworkOffHeap, TaskOffHeap int64
	Network, Managed              int64
	Metaspace, Overhead           int64
}

// Process is the whole process's memory.
func (m JobManagerMemory) Process() int64 { return m.Heap + m.OffHeap + m.Metaspace + m.Overhead }

// Flink is the memory without what the JVM needs for itself.
func (m TaskManagerMemory) Flink() int64 {
	return m.FrameworkHeap + m.TaskHeap + m.FrameworkOffHeap + m.TaskOffHeap + m.Network + m.Managed
}

// Process is the whole process's memory.
func (m TaskManagerMemory) Process() int64 { return m.Flink() + m.Metaspace + m.Overhead }

// JVMArgs are the flags for this memory, as Flink's own scripts compute them.
func (m JobManagerMemory) JVMArgs() []string {
	args := heapArgs(m.Heap)
	if m.LimitDirect {
		args = append(args, fmt.Sprintf("-XX:MaxDirectMemorySize=%d", m.OffHeap))
	}
	return append(args, fmt.Sprintf("-XX:MaxMetaspaceSize=%d", m.Metaspace))
}

// JVMArgs are the flags for this memory, as Flink's own scripts compute them.
func (m TaskManagerMemory) JVMArgs() []string {
	return append(heapArgs(m.FrameworkHeap+m.TaskHeap),
		fmt.Sprintf("-XX:MaxDirectMemorySize=%d", m.FrameworkOffHeap+m.TaskOffHeap+m.Network),
		fmt.Sprintf("-XX:MaxMetaspaceSize=%d", m.Metaspace))
}

func heapArgs(heap int64) []string {
	return []string{fmt.Sprintf("-Xmx%d", heap), fmt.Sprintf("-Xms%d", heap)}
}

// Keys are the figures as configuration; a JobManager shows them but could do without.
func (m JobManagerMemory) Keys() map[string]string {
	return map[string]string{
		"jobmanager.memory.heap.size":          bytesText(m.Heap),
		"jobmanager.memory.off-heap.size":      bytesText(m.OffHeap),
		"jobmanager.memory.jvm-metaspace.size": bytesText(m.Metaspace),
		"jobmanager.memory.jvm-overhead.min":   bytesText(m.Overhead),
		"jobmanager.memory.jvm-overhead.max":   bytesText(m.Overhead),
	}
}

// Keys are the figures as configuration; a TaskManager does not compute them and refuses to start without.
func (m TaskManagerMemory) Keys() map[string]string {
	return map[string]string{
		"taskmanager.memory.framework.heap.size":     bytesText(m.FrameworkHeap),
		"taskmanager.memory.framework.off-heap.size": bytesText(m.FrameworkOffHeap),
		"taskmanager.memory.task.heap.size":          bytesText(m.TaskHeap),
		"taskmanager.memory.task.off-heap.size":      bytesText(m.TaskOffHeap),
		"taskmanager.memory.network.min":             bytesText(m.Network),
		"taskmanager.memory.network.max":             bytesText(m.Network),
		"taskmanager.memory.managed.size":            bytesText(m.Managed),
		"taskmanager.memory.jvm-metaspace.size":      bytesText(m.Metaspace),
		"taskmanager.memory.jvm-overhead.min":        bytesText(m.Overhead),
		"taskmanager.memory.jvm-overhead.max":        bytesText(m.Overhead),
	}
}

func bytesText(n int64) string { return strconv.FormatInt(n, 10) + "b" }

// NewJobManagerMemory computes the model from an effective configuration. An error is a [*ConfigError].
func NewJobManagerMemory(config map[string]string) (JobManagerMemory, error) {
	const prefix = "jobmanager.memory."
	s := &sizes{config: config}
	m := JobManagerMemory{
		OffHeap:     s.size(prefix+"off-heap.size", 128*mib),
		Metaspace:   s.size(prefix+"jvm-metaspace.size", 256*mib),
		LimitDirect: config[prefix+"enable-jvm-direct-memory-limit"] == "true",
	}
	overhead := s.bounds(prefix+"jvm-overhead", 192*mib, 1024*mib, 0.1)
	if s.has(prefix + "heap.size") {
		m.Heap = s.size(prefix+"heap.size", 0)
		if total := s.size(prefix+"flink.size", 0); s.has(prefix+"flink.size") && total != m.Heap+m.OffHeap {
			s.fail(prefix+"flink.size", "%sheap.size (%s) and %soff-heap.size (%s) do not add up to %sflink.size (%s).",
				prefix, sizeText(m.Heap), prefix, sizeText(m.OffHeap), prefix, sizeText(total))
		}
		m.Overhead = s.overheadOf(prefix, overhead, m.Heap+m.OffHeap, m.Metaspace)
		return m, s.err
	}
	total, over := s.flink(prefix, overhead, m.Metaspace)
	m.Overhead = over
	m.Heap = total - m.OffHeap
	if m.Heap <= 0 {
		s.fail(prefix+"off-heap.size", "The JobManager is too small: %s are left for Flink, but %soff-heap.size alone is %s.",
			sizeText(total), prefix, sizeText(m.OffHeap))
	}
	return m, s.err
}

// NewTaskManagerMemory computes the model from an effective configuration. An error is a [*ConfigError].
func NewTaskManagerMemory(config map[string]string) (TaskManagerMemory, error) {
	const prefix = "taskmanager.memory."
	s := &sizes{config: config}
	m := TaskManagerMemory{
		FrameworkHeap:    s.size(prefix+"framework.heap.size", 128*mib),
		FrameworkOffHeap: s.size(prefix+"framework.off-heap.size", 128*mib),
		TaskHeap:         s.size(prefix+"task.heap.size", 0),
		TaskOffHeap:      s.size(prefix+"task.off-heap.size", 0),
		Managed:          s.size(prefix+"managed.size", 0),
		Metaspace:        s.size(prefix+"jvm-metaspace.size", 256*mib),
	}
	overhead := s.bounds(prefix+"jvm-overhead", 192*mib, 1024*mib, 0.1)
	network := s.bounds(prefix+"network", 64*mib, math.MaxInt64, 0.1)
	if s.has(prefix+"task.heap.size") && s.has(prefix+"managed.size") {
		m.Network = s.networkOfParts(prefix, network, m)
		m.Overhead = s.overheadOf(prefix, overhead, m.Flink(), m.Metaspace)
		return m, s.err
	}
	total, over := s.flink(prefix, overhead, m.Metaspace)
	m.Overhead = over
	if !s.has(prefix + "managed.size") {
		managed := s.bounds(prefix+"managed", 0, math.MaxInt64, 0.4)
		m.Managed = managed.of(total)
	}
	if s.has(prefix + "task.heap.size") {
		m.Network = s.networkLeft(network, m, total)
		return m, s.err
	}
	m.Network = network.of(total)
	m.TaskHeap = total - m.Flink()
	if m.TaskHeap < 0 {
		s.fail(prefix+"process.size", "The TaskManager is too small: of %s for Flink, framework heap %s, framework off-heap %s, "+
			"task off-heap %s, managed %s and network %s leave nothing for the task heap.", sizeText(total), sizeText(m.FrameworkHeap),
			sizeText(m.FrameworkOffHeap), sizeText(m.TaskOffHeap), sizeText(m.Managed), sizeText(m.Network))
	}
	return m, s.err
}

// flink is the memory for Flink and the JVM's overhead, where the parts are not all given.
func (s *sizes) flink(prefix string, overhead bounds, metaspace int64) (total, over int64) {
	if s.has(prefix + "flink.size") {
		total = s.size(prefix+"flink.size", 0)
		return total, s.overheadOf(prefix, overhead, total, metaspace)
	}
	if !s.has(prefix + "process.size") {
		s.fail(prefix+"process.size", "No memory is given: set %sprocess.size.", prefix)
	}
	process := s.size(prefix+"process.size", 0)
	over = overhead.of(process)
	if total = process - metaspace - over; total < 0 {
		s.fail(prefix+"process.size", "%sprocess.size (%s) is less than %sjvm-metaspace.size (%s) and the JVM's overhead (%s) together.",
			prefix, sizeText(process), prefix, sizeText(metaspace), sizeText(over))
	}
	return total, over
}

// overheadOf is the JVM's overhead where Flink's memory is known: what is left of the process, or a share.
func (s *sizes) overheadOf(prefix string, overhead bounds, total, metaspace int64) int64 {
	if !s.has(prefix + "process.size") {
		return overhead.inverse(total + metaspace)
	}
	left := s.size(prefix+"process.size", 0) - total - metaspace
	s.check(overhead, "the JVM's overhead", left)
	return left
}

// networkOfParts is the network memory where task heap and managed memory are both given.
func (s *sizes) networkOfParts(prefix string, network bounds, m TaskManagerMemory) int64 {
	if !s.has(prefix + "flink.size") {
		return network.inverse(m.Flink())
	}
	return s.networkLeft(network, m, s.size(prefix+"flink.size", 0))
}

func (s *sizes) networkLeft(network bounds, m TaskManagerMemory, total int64) int64 {
	left := total - m.Flink()
	s.check(network, "network memory", left)
	return left
}
