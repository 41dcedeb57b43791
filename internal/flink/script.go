package flink

import "net/url"

// sqlDriver is Flink's own program for a SQL script, in lib from 2.0 on. It finds what it needs in the jar of the SQL gateway.
const sqlDriver = "org.apache.flink.table.runtime.application.SqlDriver"

// pythonDriver is Flink's own program for a Python file, in the jar that is named after it.
const pythonDriver = "org.apache.flink.client.python.PythonDriver"

// class is the program's entry class; "" if its jar names it.
func (p Program) class() string {
	switch {
	case p.Script != "":
		return sqlDriver
	case p.Python != "":
		return pythonDriver
	}
	return p.Class
}

// jar is the path of the program's jar: of a Python file, the one that drives it and what its operators run in; of a script, the SQL gateway's, which Flink adds by itself only where the driver is the entry class, and
// here the gate is. "": the program is on the class path.
func (p Plan) jar() string {
	switch {
	case p.Program.Script != "":
		return p.Folders.Opt + "/" + extraNamed(sqlGateway).jar(p.Version)
	case p.Program.Python != "":
		return p.Folders.Opt + "/flink-python-" + p.Version + ".jar"
	case p.Program.Jar != "":
		return p.Folders.Jars + "/" + p.Program.Jar
	}
	return ""
}

// args are the program's arguments. A bare -py or --python among them would make Flink call its driver instead of the gate.
func (p Plan) args() []string {
	switch {
	case p.Program.Script != "":
		return []string{"--scriptUri", fileURL(p.Folders.Jars + "/" + p.Program.Script)}
	case p.Program.Python != "":
		return append([]string{"--python=" + p.Folders.Jars + "/" + p.Program.Python, "--"}, p.Program.Args...)
	}
	return p.Program.Args
}

// local is how Flink is told of a jar that lies on the JobManager's machine.
func local(path string) string { return (&url.URL{Scheme: "local", Path: path}).String() }
