{{- define "tidemark.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* The release's name, with the chart's behind it unless it is in it. Short enough for `-setup` to follow. */ -}}
{{- define "tidemark.fullname" -}}
{{- $name := include "tidemark.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 57 | trimSuffix "-" -}}
{{- end -}}

{{- /* What a Deployment, a Service and so on select by: never to change for a release. */ -}}
{{- define "tidemark.selector" -}}
app.kubernetes.io/name: {{ include "tidemark.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "tidemark.labels" -}}
{{ include "tidemark.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "tidemark.image" -}}
{{- $repository := required "image.repository: say where your image is; none is published" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{ $repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "tidemark.account" -}}
{{- .Values.serviceAccount.name | default (ternary (include "tidemark.fullname" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- /* Puts settings into `into`, each by its key with dots. `from`: sections as maps, or keys with dots; null is not set. */ -}}
{{- define "tidemark.flatten" -}}
{{- range $key, $value := .from -}}
  {{- $name := printf "%s%s" $.prefix $key -}}
  {{- if kindIs "map" $value -}}
    {{- include "tidemark.flatten" (dict "from" $value "into" $.into "prefix" (printf "%s." $name) "of" $.of) -}}
  {{- else if hasKey $.into $name -}}
    {{- fail (printf "%s: %s stands there twice, in a map and with dots" $.of $name) -}}
  {{- else -}}
    {{- $_ := set $.into $name $value -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- /* What is mounted from Secrets and ConfigMaps, by setting: YAML. `setup`: what holds for setup. */ -}}
{{- define "tidemark.files" -}}
{{- $files := dict -}}
{{- range $key, $from := .root.Values.files }}{{ $_ := set $files $key $from }}{{ end -}}
{{- if .setup -}}
  {{- /* It serves nothing. */ -}}
  {{- $_ := unset $files "http.token" -}}
  {{- range $key, $from := .root.Values.setup.files }}{{ $_ := set $files $key $from }}{{ end -}}
{{- end -}}
{{- range $key, $from := $files -}}
  {{- if not $from }}{{ $_ := unset $files $key }}{{ end -}}
{{- end -}}
{{- toYaml $files -}}
{{- end -}}

{{- /* Settings that a variable points to their file, and the variable: the rest is pointed to in tidemark.yaml. */ -}}
{{- define "tidemark.urls" -}}
database.url: DATABASE_URL_FILE
registry.url: SCHEMA_REGISTRY_URL_FILE
{{- end -}}

{{- /* The content of tidemark.yaml. `setup`: of setup's. */ -}}
{{- define "tidemark.settings" -}}
{{- $values := .root.Values -}}
{{- $settings := dict -}}
{{- include "tidemark.flatten" (dict "from" $values.settings "into" $settings "prefix" "" "of" "settings") -}}
{{- if .setup -}}
  {{- $own := dict -}}
  {{- include "tidemark.flatten" (dict "from" $values.setup.settings "into" $own "prefix" "" "of" "setup.settings") -}}
  {{- range $key, $value := $own }}{{ $_ := set $settings $key $value }}{{ end -}}
{{- end -}}
{{- range $key, $value := $settings -}}
  {{- if kindIs "invalid" $value }}{{ $_ := unset $settings $key }}{{ end -}}
{{- end -}}
{{- $files := include "tidemark.files" . | fromYaml -}}
{{- if not (hasKey $settings "kafka.brokers") -}}
  {{- fail "settings.kafka.brokers: say which brokers to ask first, each host:port" -}}
{{- end -}}
{{- range $key, $_ := include "tidemark.urls" . | fromYaml -}}
  {{- if not (or (hasKey $settings $key) (hasKey $files $key)) -}}
    {{- fail (printf "files.%s: say which Secret holds it, as { secret: NAME, key: KEY }, or set settings.%s where no password is in it" $key $key) -}}
  {{- end -}}
{{- end -}}
{{- range $key, $from := $files -}}
  {{- $path := printf "/run/secrets/tidemark/%s" $key -}}
  {{- /* Certificates and keys are files by themselves; any other secret has a sibling that names its file. */ -}}
  {{- $name := ternary $key (printf "%s_file" $key) (regexMatch "_(ca|cert|key)$" $key) -}}
  {{- range list $key $name -}}
    {{- if hasKey $settings . }}{{ fail (printf "%s stands in settings, and %s in files: take one away" . $key) }}{{ end -}}
  {{- end -}}
  {{- if not (hasKey (include "tidemark.urls" $ | fromYaml) $key) }}{{ $_ := set $settings $name $path }}{{ end -}}
{{- end -}}
{{- range $key, $value := $settings -}}
  {{- if regexMatch "://[^/@\\s]*:[^/@\\s]+@|[?&](ssl)?password=" (toString $value) -}}
    {{- fail (printf "settings.%s has a password in it, which would be for all to see: put it into a Secret, and name that in files" $key) -}}
  {{- end -}}
{{- end -}}
{{- range $key, $value := dict "http.host" "0.0.0.0" "log.format" "json" -}}
  {{- if not (hasKey $settings $key) }}{{ $_ := set $settings $key $value }}{{ end -}}
{{- end -}}
{{- toYaml $settings -}}
{{- end -}}

{{- define "tidemark.port" -}}
{{- $settings := include "tidemark.settings" (dict "root" . "setup" false) | fromYaml -}}
{{- get $settings "http.port" | default 9464 | int -}}
{{- end -}}

{{- /* What both pods have in common. `setup`: of setup's. */ -}}
{{- define "tidemark.pod" -}}
{{- $values := .root.Values -}}
{{- with $values.imagePullSecrets -}}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{ end -}}
# It asks Kubernetes for nothing.
serviceAccountName: {{ include "tidemark.account" .root }}{{ if and .setup $values.serviceAccount.create }}-setup{{ end }}
automountServiceAccountToken: false
# Variables of other services are no settings.
enableServiceLinks: false
securityContext:
  {{- toYaml $values.podSecurityContext | nindent 2 }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
volumes:
  - name: settings
    configMap:
      name: {{ include "tidemark.fullname" .root }}{{ if .setup }}-setup{{ end }}
{{- $files := include "tidemark.files" . | fromYaml }}
{{- range $name, $from := $values.otherFiles }}{{ if $from }}{{ $_ := set $files $name $from }}{{ end }}{{ end }}
{{- if $files }}
  # One volume, so that a certificate and its key are exchanged at once.
  - name: files
    projected:
      sources:
        {{- range $path, $from := $files }}
        - {{ ternary "secret" "configMap" (hasKey $from "secret") }}:
            name: {{ $from.secret | default $from.configMap }}
            items: [{ key: {{ $from.key | quote }}, path: {{ $path | quote }} }]
        {{- end }}
{{- end }}
{{- with $values.volumes }}
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* What both containers have in common. `setup`: of setup's. */ -}}
{{- define "tidemark.container" -}}
{{- $values := .root.Values -}}
{{- $files := include "tidemark.files" . | fromYaml -}}
image: {{ include "tidemark.image" .root }}
imagePullPolicy: {{ $values.image.pullPolicy }}
env:
  - { name: TIDEMARK_CONFIG, value: /etc/tidemark/tidemark.yaml }
  {{- range $key, $variable := include "tidemark.urls" . | fromYaml }}
  {{- if hasKey $files $key }}
  - { name: {{ $variable }}, value: /run/secrets/tidemark/{{ $key }} }
  {{- end }}
  {{- end }}
  {{- with $values.env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumeMounts:
  - { name: settings, mountPath: /etc/tidemark, readOnly: true }
  {{- if or $files $values.otherFiles }}
  - { name: files, mountPath: /run/secrets/tidemark, readOnly: true }
  {{- end }}
  {{- with $values.volumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
securityContext:
  {{- toYaml $values.securityContext | nindent 2 }}
{{- end -}}
