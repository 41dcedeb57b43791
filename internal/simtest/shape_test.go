package simtest

import "fmt"

var notOurs = map[string]bool{
	"trinoProfile": true, "sparkProfile": true, "ssh": true, "availabilityZones": true, "autoscaleProfile": true, "nextLink": true,
	"identityProfile": true, "managedIdentityProfile": true, "sshProfile": true, "serviceConfigsProfiles": true, "logAnalyticsProfile": true,
	"clusterAccessProfile": true, "tags": true, "networkProfile": true, "entryClass": true,
}

func shape(path string, want, got any) (faults []string) {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s is %T, want an object", path, got)}
		}
		for key, member := range w {
			switch value, there := g[key]; {
			case !there && !notOurs[key]:
				faults = append(faults, path+"."+key+" is not there")
			case there && key != "tags" && key != "values": // the names in these are anybody's
				faults = append(faults, shape(path+"."+key, member, value)...)
			}
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(w) > 0 && len(g) == 0 {
			return []string{fmt.Sprintf("%s is %v, want a list", path, got)}
		}
		if len(w) > 0 {
			return shape(path+"[0]", w[0], g[0])
		}
	default:
		if want != nil && fmt.Sprintf("%T", want) != fmt.Sprintf("%T", got) {
			return []string{fmt.Sprintf("%s is %T, want %T", path, got, want)}
		}
	}
	return faults
}

func contains(path string, sent, got any) (faults []string) {
	switch s := sent.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for key, member := range s {
			faults = append(faults, contains(path+"."+key, member, g[key])...)
		}
	case []any:
		g, _ := got.([]any)
		if len(g) != len(s) {
			return []string{fmt.Sprintf("%s is %v, sent %v", path, got, sent)}
		}
		for i := range s {
			faults = append(faults, contains(fmt.Sprintf("%s[%d]", path, i), s[i], g[i])...)
		}
	default:
		if sent != got {
			return []string{fmt.Sprintf("%s is %v, sent %v", path, got, sent)}
		}
	}
	return faults
}
