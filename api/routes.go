package api

import (
	"net/http"
	"slices"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// base is the path under which all routes of routes stand.
const base = "/api/v1"

// routes lists every route below /api/v1. The router and the OpenAPI description are both made of it. Routes of a subject
// of its own stand with their handlers.
func (s *Server) routes() []route {
	return slices.Concat(s.ownRoutes(), s.triggerRoutes(task.OwnerTask, "tasks", "Task"), s.triggerRoutes(task.OwnerPlan, "plans", "Plan"), s.notificationRoutes(), s.planRoutes(), s.archiveRoutes())
}

// described lists every route that the description tells of: those of routes, and that of webhooks.
func (s *Server) described() []route { return append(s.routes(), s.hookRoute()) }

func (s *Server) ownRoutes() []route {
	return []route{
		get("/servers", "listServers", s.listServers, "List job servers by name").takes("q", "kind", "status", "virtual_server", "label", "limit", "cursor").gives(wire.Page[wire.Server]{}),
		get("/servers/{name}", "getServer", s.getServer, "Read a job server").tagged().gives(wire.Server{}),
		patch("/servers/{name}", "patchServer", s.patchServer, "Edit the settings of a job server").tagged().merges(wire.ServerSettings{}).gives(wire.Server{}).isAudited(),
		remove("/servers/{name}", "deleteServer", s.deleteServer, "Remove a job server from the fleet").tagged(),
		post("/servers/{name}/drain", "drainServer", s.drainServer, "Let a server finish its runs and give it no new ones").reads(wire.ModeChange{}, optional).gives(wire.Server{}).isAudited(),
		post("/servers/{name}/activate", "activateServer", s.activateServer, "Give a server new runs again").reads(wire.ModeChange{}, optional).gives(wire.Server{}).isAudited(),
		post("/servers/{name}/disable", "disableServer", s.disableServer, "Take a server out of use").reads(wire.ModeChange{}, optional).gives(wire.Server{}).isAudited(),
		post("/servers/{name}/declare-dead", "declareServerDead", s.declareServerDead, "State that a server is dead; its runs follow their policies at once").reads(wire.DeathStatement{}, required).gives(wire.Server{}).isAudited(),
		get("/servers/{name}/what-if", "whatIfServer", s.whatIf, "Say what would happen to each run on a server if it died now").gives(wire.Page[wire.WhatIf]{}),
		get("/servers/{name}/load", "getServerLoad", s.serverLoad, "Read the load of a server over time").takes("from", "to").gives(wire.Page[wire.LoadPoint]{}),
		post("/join-tokens", "createJoinToken", s.createJoinToken, "Make a one-time token with which an agent joins").keeps(keepSecret).reads(wire.JoinTokenRequest{}, optional).creates(wire.JoinToken{}).isAudited(),

		get("/virtual-servers", "listVirtualServers", s.listVirtualServers, "List virtual servers by name").takes("q", "limit", "cursor").gives(wire.Page[wire.VirtualServer]{}),
		post("/virtual-servers", "createVirtualServer", s.virtualServers().create, "Create a virtual server").reads(virtualserver.Spec{}, required).creates(wire.VirtualServer{}),
		get("/virtual-servers/{name}", "getVirtualServer", s.virtualServers().get, "Read a virtual server").tagged().gives(wire.VirtualServer{}),
		patch("/virtual-servers/{name}", "patchVirtualServer", s.virtualServers().patch, "Edit a virtual server").tagged().merges(virtualserver.Spec{}).gives(wire.VirtualServer{}),
		remove("/virtual-servers/{name}", "deleteVirtualServer", s.virtualServers().remove, "Remove a virtual server").tagged(),
		put("/virtual-servers/{name}/members/{server}", "putMember", s.putMember, "Put a job server into a virtual server, or move it there").tagged().reads(wire.Membership{}, optional).gives(wire.VirtualServer{}),
		remove("/virtual-servers/{name}/members/{server}", "deleteMember", s.deleteMember, "Take a job server out of a virtual server").tagged(),
		post("/virtual-servers/preview", "previewVirtualServers", s.previewVirtualServers, "Say what it would mean if virtual servers were so, without changing anything").keeps(keepNothing).reads(wire.PreviewRequest{}, required).gives(wire.Page[wire.Effect]{}),
		get("/rating-presets", "getRatingPresets", s.ratingPresets, "List the presets of ratings, and the metrics that an indicator can look at").gives(wire.RatingPresets{}),
		get("/virtual-servers/{name}/rating", "getRating", s.rating, "Say who would be chosen now, and why").takes("task").gives(wire.Placement{}),

		get("/tasks", "listTasks", s.listTasks, "List tasks by name").takes("q", "virtual_server", "server", "limit", "cursor").gives(wire.Page[wire.Task]{}),
		post("/tasks", "createTask", s.createTask, "Create a task with its triggers").reads(wire.NewTask{}, required).creates(wire.Task{}),
		get("/tasks/{name}", "getTask", s.tasks().get, "Read a task").tagged().gives(wire.Task{}),
		patch("/tasks/{name}", "patchTask", s.tasks().patch, "Edit a task").tagged().merges(task.Spec{}).gives(wire.Task{}),
		remove("/tasks/{name}", "deleteTask", s.tasks().remove, "Remove a task; its runs stay").tagged(),

		get("/concurrency-groups", "listConcurrencyGroups", s.listConcurrencyGroups, "List concurrency groups by name").takes("q", "limit", "cursor").gives(wire.Page[wire.ConcurrencyGroup]{}),
		post("/concurrency-groups", "createConcurrencyGroup", s.concurrencyGroups().create, "Create a concurrency group: a limit that several tasks share").reads(task.ConcurrencyGroupSpec{}, required).creates(wire.ConcurrencyGroup{}),
		get("/concurrency-groups/{name}", "getConcurrencyGroup", s.concurrencyGroups().get, "Read a concurrency group").tagged().gives(wire.ConcurrencyGroup{}),
		patch("/concurrency-groups/{name}", "patchConcurrencyGroup", s.concurrencyGroups().patch, "Edit a concurrency group").tagged().merges(task.ConcurrencyGroupSpec{}).gives(wire.ConcurrencyGroup{}),
		remove("/concurrency-groups/{name}", "deleteConcurrencyGroup", s.concurrencyGroups().remove, "Remove a concurrency group that no task names").tagged(),

		post("/tasks/{name}/runs", "startRun", s.startRun, "Run a task now").keeps(keepNothing).reads(wire.RunRequest{}, optional).creates(wire.Run{}),
		get("/tasks/{name}/placement", "getTaskPlacement", s.taskPlacement, "Say where a run of the task would go now, and why").gives(wire.Placement{}),
		get("/runs", "listRuns", s.listRuns, "List runs, newest first").takes("q", "task", "state", "cause", "server", "virtual_server", "since", "until", "late", "limit", "cursor").gives(wire.Page[wire.Run]{}),
		get("/runs/{id}", "getRun", s.getRun, "Read a run with its attempts and placements").gives(wire.Run{}),
		post("/runs/{id}/cancel", "cancelRun", s.cancelRun, "Stop a run, or keep it from starting").gives(wire.Run{}).isAudited(),
		post("/runs/{id}/pin", "pinRun", s.pinRun, "Keep a run, whatever the rules of retention say").gives(wire.Run{}),
		post("/runs/{id}/unpin", "unpinRun", s.unpinRun, "Leave a run to the rules of retention again").gives(wire.Run{}),
		post("/runs/{id}/reset", "resetRun", s.resetRun, "End a run as reset; its task is ready to run").gives(wire.Run{}).isAudited(),
		post("/runs/{id}/restart", "restartRun", s.restartRun, "Take a run up again from the beginning").gives(wire.Run{}).isAudited(),
		post("/runs/{id}/recover", "recoverRun", s.recoverRun, "Take a run up again from a checkpoint").reads(wire.RecoverRequest{}, optional).gives(wire.Run{}).isAudited(),
		get("/runs/{id}/checkpoints", "listCheckpoints", s.listCheckpoints, "List the checkpoints of a run, oldest first").gives(wire.Page[wire.Checkpoint]{}),
		get("/runs/{id}/checkpoints/{seq}/content", "getCheckpointContent", s.checkpointContent, "Download the content of a checkpoint, a tar archive").ranged().file(tarball),
		get("/recoverable-runs", "listRecoverableRuns", s.listRecoverableRuns, "List runs that failed, timed out or were lost, with their checkpoints, newest first").takes("task", "limit", "cursor").gives(wire.Page[wire.Recoverable]{}),
		get("/runs/{id}/log", "getRunLog", s.runLog, "Read or follow the output of a run").takes("attempt", "offset", "limit", "follow", "format", "download").streams(wire.LogChunk{}, "text/plain"),
		get("/runs/{id}/load", "getRunLoad", s.runLoad, "Read what the attempts of a run used while they ran").gives(wire.Page[wire.RunLoadPoint]{}),
		get("/timeline", "getTimeline", s.timeline, "List where and when attempts ran, those of the newest runs first").takes("from", "to", "task", "server", "limit", "cursor").gives(wire.Page[wire.Span]{}),
		get("/runs/{id}/events", "listRunEvents", s.listRunEvents, "List what happened to a run, oldest first").takes("limit", "cursor").gives(wire.Page[wire.Event]{}),

		get("/triggers", "listTriggers", s.listTriggers, "List the triggers of all tasks and plans").takes("kind", "calendar", "paused", "limit", "cursor").gives(wire.Page[wire.Trigger]{}),
		post("/triggers/preview", "previewTrigger", s.previewNew, "Say what becomes of the next times of a trigger that is not stored").keeps(keepNothing).takes("task", "plan", "count", "from").reads(task.TriggerSpec{}, required).gives(wire.Page[wire.Preview]{}),
		post("/triggers/pause", "pauseTriggers", s.pauseTriggers, "Pause all triggers").reads(wire.PauseRequest{}, optional).gives(wire.Page[wire.Pause]{}).isAudited(),
		post("/triggers/resume", "resumeTriggers", s.resumeTriggers, "End the pause of all triggers").gives(wire.Page[wire.Pause]{}).isAudited(),
		get("/pauses", "listPauses", s.listPauses, "List the pauses of tasks, plans and all triggers").gives(wire.Page[wire.Pause]{}),
		get("/occurrences", "listOccurrences", s.listOccurrences, "List what became of due instants, newest first").takes("task", "plan", "trigger", "skipped", "since", "until", "limit", "cursor").gives(wire.Page[wire.Occurrence]{}),
		get("/forecast", "getForecast", s.forecast, "List occurrences that are still to come, soonest first").takes("task", "plan", "until", "limit").gives(wire.Page[wire.Forecast]{}),

		get("/calendars", "listCalendars", s.listCalendars, "List calendars by name").takes("q", "limit", "cursor").gives(wire.Page[wire.Calendar]{}),
		post("/calendars", "createCalendar", s.calendars().create, "Create a calendar").reads(task.CalendarSpec{}, required).creates(wire.Calendar{}),
		post("/calendars/preview", "previewCalendar", s.previewCalendar, "Say what a calendar that is not stored would allow on each day").keeps(keepNothing).takes("from", "to").reads(task.CalendarSpec{}, required).gives(wire.Page[wire.CalendarDay]{}),
		get("/calendars/{name}", "getCalendar", s.calendars().get, "Read a calendar").tagged().gives(wire.Calendar{}),
		patch("/calendars/{name}", "patchCalendar", s.calendars().patch, "Edit a calendar").tagged().merges(task.CalendarSpec{}).gives(wire.Calendar{}),
		remove("/calendars/{name}", "deleteCalendar", s.calendars().remove, "Remove a calendar that no trigger uses").tagged(),
		get("/calendars/{name}/days", "listCalendarDays", s.calendarDays, "Say what a calendar allows on each day").takes("from", "to").gives(wire.Page[wire.CalendarDay]{}),

		get("/events", "listEvents", s.listEvents, "List or follow everything that happens").takes("after", "kind", "subject", "task", "newest", "follow", "limit", "cursor").streams(wire.Page[wire.Event]{}),

		get("/audit", "listAudit", s.listAudit, "List what operators did or tried to do, newest first").takes("by", "act", "subject", "since", "until", "limit", "cursor").gives(wire.Page[wire.Deed]{}),
		get("/settings/retention", "getRetention", s.getRetention, "Read for how long runs, events and occurrences are kept").tagged().gives(wire.Retention{}),
		patch("/settings/retention", "patchRetention", s.patchRetention, "Edit for how long runs, events and occurrences are kept").tagged().merges(task.RetentionSettings{}).gives(wire.Retention{}).isAudited(),

		get("/summary", "getSummary", s.summary, "Count what runs and what a person should look at").gives(wire.Summary{}),
		get("/about", "getAbout", s.about, "Say what this conductor is: versions, database, readiness").gives(wire.About{}),
		get("/session", "getSession", s.readSession, "Say who is calling").gives(wire.Session{}),
		post("/session", "createSession", s.createSession, "Open a browser's session with a token").public().keeps(keepNothing).reads(wire.SessionRequest{}, required).creates(wire.Session{}),
		remove("/session", "deleteSession", s.deleteSession, "End a browser's session").unaudited(),

		get("/openapi.yaml", "getOpenAPIYAML", s.openAPIYAML, "This description as YAML").public().file("application/yaml"),
		get("/openapi.json", "getOpenAPIJSON", s.openAPIJSON, "This description as JSON").public().file("application/json"),
	}
}

func get(path, id string, do handler, summary string) route {
	return route{method: http.MethodGet, path: path, id: id, do: do, summary: summary}
}

func post(path, id string, do handler, summary string) route {
	return route{method: http.MethodPost, path: path, id: id, do: do, summary: summary}
}

func put(path, id string, do handler, summary string) route {
	return route{method: http.MethodPut, path: path, id: id, do: do, summary: summary}
}

func patch(path, id string, do handler, summary string) route {
	return route{method: http.MethodPatch, path: path, id: id, do: do, summary: summary}
}

func remove(path, id string, do handler, summary string) route {
	return route{method: http.MethodDelete, path: path, id: id, do: do, summary: summary, status: http.StatusNoContent, audited: true}
}
