package flink

import "net/url"

// sqlDriver is Flink's own program for a SQL script, in lib from 2.0 on. It finds what it needs in the jar of the SQL gateway.
const sqlDriver = "org.apache.flink.table.runtime.application.SqlDriver"

// class is the program's entry class; "" if its jar names it.
func (p Program) class() string {
	if p.Script != "" {
		return sqlDriver
	}
	return p.Class
}

// jar is the path of the program's jar: of a script, the SQL gateway's, which Flink adds by itself only where the driver is the entry class, and
// here the gate is. "": the program is on the class path.
func (p Plan) jar() string {
	switch {
	case p.Program.Script != "":
		return p.Folders.Opt + "/" + extraNamed(sqlGateway).jar(p.Version)
	case p.Program.Jar != "":
		return p.Folders.Jars + "/" + p.Program.Jar
	}
	return ""
}

// args are the program's arguments.
func (p Plan) args() []string {
	if p.Program.Script != "" {
		return []string{"--scriptUri", fileURL(p.Folders.Jars + "/" + p.Program.Script)}
	}
	return p.Program.Args
}

// local is how Flink is told of a jar that lies on the JobManager's machine.
func local(path string) string { return (&url.URL{Scheme: "local", Path: path}).String() }
