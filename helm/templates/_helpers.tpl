{{/* The chart's name, or what replaces it. */}}
{{- define "bellbuoy.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* The name of every object: the release, with the chart's name where the release does not hold it. */}}
{{- define "bellbuoy.fullname" -}}
{{- $name := include "bellbuoy.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* What selects our pods: never changes in the life of a release. */}}
{{- define "bellbuoy.selector" -}}
app.kubernetes.io/name: {{ include "bellbuoy.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of every object. */}}
{{- define "bellbuoy.labels" -}}
{{ include "bellbuoy.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "bellbuoy.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "bellbuoy.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{/* registry/repository:tag, or @digest. */}}
{{- define "bellbuoy.image" -}}
{{- with .Values.image.registry }}{{ . }}/{{ end -}}
{{- .Values.image.repository -}}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ default .Chart.AppVersion .Values.image.tag }}{{ end -}}
{{- end }}

{{/* The configuration as the daemon reads it. */}}
{{- define "bellbuoy.config" -}}
# Rendered from the value `config` of the chart {{ .Chart.Name }} {{ .Chart.Version }}.
{{ toYaml .Values.config }}
{{- end }}

{{/* The port of config.server.listen. */}}
{{- define "bellbuoy.port" -}}
{{- regexFind "[0-9]+$" .Values.config.server.listen -}}
{{- end }}

{{/* A size as bytes: 1GiB, 500MB, 2Gi, 300M, 1024. */}}
{{- define "bellbuoy.bytes" -}}
{{- $text := toString . -}}
{{- $unit := regexFind "[A-Za-z]*$" $text -}}
{{- $factors := dict "" 1 "B" 1 "k" 1000 "K" 1000 "KB" 1000 "M" 1000000 "MB" 1000000 "G" 1000000000 "GB" 1000000000 "T" 1000000000000 "TB" 1000000000000 "Ki" 1024 "KiB" 1024 "Mi" 1048576 "MiB" 1048576 "Gi" 1073741824 "GiB" 1073741824 "Ti" 1099511627776 "TiB" 1099511627776 -}}
{{- if not (hasKey $factors $unit) -}}
{{- fail (printf "%s is not a size the chart can read; write it as 2Gi" $text) -}}
{{- end -}}
{{- $number := trimSuffix $unit $text | trim | float64 -}}
{{- mulf $number (index $factors $unit) | int64 -}}
{{- end }}

{{/* The files of /run/secrets/bellbuoy/, as sources of a projected volume. */}}
{{- define "bellbuoy.secrets" -}}
{{- include "bellbuoy.secret" (list .Values.server.existingSecret .Values.server.key "server_token") }}
{{- with .Values.slack }}
{{- include "bellbuoy.secret" (list .existingSecret .botTokenKey "slack_bot_token") }}
{{- include "bellbuoy.secret" (list .existingSecret .appTokenKey "slack_app_token") }}
{{- include "bellbuoy.secret" (list .existingSecret .signingSecretKey "slack_signing_secret") }}
{{- end }}
{{- include "bellbuoy.secret" (list .Values.kafka.existingSecret .Values.kafka.passwordKey "kafka_password") }}
{{- range .Values.extraSecrets }}
{{- include "bellbuoy.secret" (list .existingSecret .key .file) }}
{{- end }}
{{- end }}

{{/* One of them: (Secret, key, file). Nothing where the Secret or the key is not named. */}}
{{- define "bellbuoy.secret" -}}
{{- if and (index . 0) (index . 1) }}
- secret:
    name: {{ index . 0 }}
    items:
      - { key: {{ index . 1 | quote }}, path: {{ index . 2 | quote }} }
{{- end }}
{{- end }}

{{/* What no schema can say: each fault ends the rendering with one sentence. */}}
{{- define "bellbuoy.faults" -}}
{{- $listen := .Values.config.server.listen -}}
{{- if regexMatch "^(127\\.|localhost:|\\[?::1\\]?:)" $listen -}}
{{- fail (printf "config.server.listen is %s: neither probes nor the Service can reach loopback inside a pod; write 0.0.0.0:8420" $listen) -}}
{{- end -}}
{{- if not .Values.server.existingSecret -}}
{{- fail (printf "config.server.listen is %s, open to the cluster, so a token is needed: make a Secret with the key %s and name it in server.existingSecret" $listen .Values.server.key) -}}
{{- end -}}
{{- with (.Values.resources.limits).memory -}}
{{- $setting := $.Values.config.store.memory_limit -}}
{{- if not (contains "${" $setting) -}}
{{- $least := add (include "bellbuoy.bytes" $setting | int64) 805306368 -}}
{{- if lt (include "bellbuoy.bytes" . | int64) $least -}}
{{- fail (printf "resources.limits.memory is %s and config.store.memory_limit is %s: the container needs at least 768 MiB more than the store, so %dMi or more" . $setting (divf $least 1048576 | ceil | int64)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}
