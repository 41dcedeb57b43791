package cluster

import (
	"strings"
	"unicode/utf8"
)

// SplitJarPath cuts a jar's path at its last slash (R19). A bare name lies in the root of the cluster's container: "/".
func SplitJarPath(p string) (directory, name string, fault *Fault) {
	i := strings.LastIndexByte(p, '/')
	directory, name = p[:max(i, 0)], p[i+1:]
	if i <= 0 {
		directory = "/"
	}
	if strings.HasSuffix(directory, ":/") { // the slash was one of "://"
		return "", "", &Fault{Code: "InvalidJarPath", Message: "The jar path names no container."}
	}
	if fault := CheckJarName(name); fault != nil {
		return "", "", fault
	}
	return directory, name, nil
}

// JoinJarPath is the inverse of [SplitJarPath]: the directory without trailing slashes, a slash, the name.
func JoinJarPath(directory, name string) string {
	return strings.TrimRight(directory, "/") + "/" + name
}

// CheckJarName checks jarName (R19).
func CheckJarName(name string) *Fault {
	reason := ""
	switch {
	case name == "":
		reason = "The jar name is missing."
	case strings.ContainsAny(name, `/\`) || strings.Contains(name, ".."):
		reason = `The jar name is a file name: it has no "/", "\" or "..".`
	case !printable(name) || len(name) > 255:
		reason = "The jar name has at most 255 bytes and no control characters."
	case !ends(name, ".jar") && !isScript(name) && !isPython(name):
		reason = `The jar name ends in ".jar", in ".sql" for a SQL script, or in ".py" for a Python program.`
	default:
		return nil
	}
	return &Fault{Code: "InvalidJarPath", Message: reason}
}

// isScript says that a program is a SQL script, by its name (R19).
func isScript(name string) bool { return ends(name, ".sql") }

// isPython says that a program is a Python file, by its name (R19).
func isPython(name string) bool { return ends(name, ".py") }

func ends(name, with string) bool {
	return len(name) > len(with) && strings.EqualFold(name[len(name)-len(with):], with)
}

const maxEntryClass = 512

// CheckEntryClass checks that class could be the name of a Java class; "" is none.
func CheckEntryClass(class string) *Fault {
	if class == "" || len(class) <= maxEntryClass && entryClassForm.MatchString(class) && utf8.ValidString(class) {
		return nil
	}
	return &Fault{Code: "InvalidEntryClass", Message: "The entry class is the full name of a Java class, for example com.example.Main."}
}
