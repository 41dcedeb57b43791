{{- define "drey.image" -}}
{{ .Values.image.name }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- /* The configuration: what the chart knows, and above it what the values say. */}}
{{- define "drey.config" -}}
{{- $service := printf "drey.%s.svc" .Release.Namespace }}
{{- $kubernetes := dict "inCluster" true "namespace" .Release.Namespace "drey" (include "drey.image" .) "images" .Values.flink "pull" .Values.image.pullPolicy
      "claim" (.Values.storage.claim | default "drey-storage") "cpuRequestPercent" (int .Values.cpuRequestPercent) "networkPolicy" .Values.networkPolicy.create }}
{{- if .Values.pod }}
{{- $_ := set $kubernetes "pod" .Values.pod }}
{{- end }}
{{- $config := dict "data" "/var/lib/drey/.drey" "listen" "0.0.0.0:8443" "local" false "storage" (dict "folder" "/var/lib/drey-storage") "kubernetes" $kubernetes }}
{{- if .Values.tls.secret }}
{{- $_ := set $config "tls" (dict "certificate" "/etc/drey-tls/tls.crt" "key" "/etc/drey-tls/tls.key") }}
{{- else }}
{{- $_ := set $config "tls" (dict "names" (concat (list $service (print $service ".cluster.local")) .Values.tls.names)) }}
{{- end }}
{{- if .Values.database.url }}
{{- $_ := set $config "database" .Values.database.url }}
{{- end }}
{{- toYaml (mergeOverwrite $config .Values.config) }}
{{- end }}
