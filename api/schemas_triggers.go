package api

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/segno-jobs/segno/task"
)

// triggerParams describes the parameters of the routes of triggers and calendars, as queryParams does for the others.
var triggerParams = map[string]queryParam{
	"trigger":                   {doc: "Name of a trigger."},
	"calendar":                  {doc: "Name of a calendar that the triggers use."},
	"paused":                    {doc: "Only triggers that are paused by themselves.", schema: huma.Schema{Type: "boolean"}},
	"late":                      {doc: "Only runs that have not ended and did not start or end by when they were expected to.", schema: huma.Schema{Type: "boolean"}},
	"skipped":                   {doc: "Only due instants without a run.", schema: huma.Schema{Type: "boolean"}},
	"count":                     {doc: "How many occurrences to look ahead.", schema: wholeNumber(1, task.MaxPreview, 10)},
	"listTriggers.kind":         {doc: "Kind of trigger.", schema: words("cron", "every", "at", "file", "after", "webhook")},
	"previewTaskTrigger.from":   {doc: "First instant; by default now.", schema: instant},
	"previewPlanTrigger.from":   {doc: "First instant; by default now.", schema: instant},
	"listPlanOccurrences.since": {doc: "Due at this instant or later.", schema: instant},
	"listPlanOccurrences.until": {doc: "Due before this instant.", schema: instant},
	"previewTrigger.from":       {doc: "First instant; by default now.", schema: instant},
	"listOccurrences.since":     {doc: "Due at this instant or later.", schema: instant},
	"listOccurrences.until":     {doc: "Due before this instant.", schema: instant},
	"listTaskOccurrences.since": {doc: "Due at this instant or later.", schema: instant},
	"listTaskOccurrences.until": {doc: "Due before this instant.", schema: instant},
	"by":                        {doc: "Name of an account or token."},
	"act":                       {doc: "Id of an operation, such as declareServerDead."},
	"listAudit.subject":         {doc: "What it was done to, such as servers/js-1."},
	"listAudit.since":           {doc: "Done at this instant or later.", schema: instant},
	"listAudit.until":           {doc: "Done before this instant.", schema: instant},
	"getForecast.until":         {doc: "How far to look ahead; by default a day.", schema: instant},
	"getForecast.limit":         {doc: "Most occurrences.", schema: wholeNumber(1, task.MaxForecast, 100)},
	"listCalendarDays.from":     {doc: "First day, as an instant of it; by default today.", schema: instant},
	"listCalendarDays.to":       {doc: "Day after the last, as an instant of it; by default a year later.", schema: instant},
	"previewCalendar.from":      {doc: "First day, as an instant of it; by default today.", schema: instant},
	"previewCalendar.to":        {doc: "Day after the last, as an instant of it; by default a year later.", schema: instant},
}

// paramOf returns the description of a parameter of an operation: its own, else that of its name.
func paramOf(operation, name string) queryParam {
	for _, key := range []string{operation + "." + name, name} {
		for _, params := range []map[string]queryParam{triggerParams, notificationParams, archiveParams, queryParams} {
			if p, ok := params[key]; ok {
				return p
			}
		}
	}
	return queryParam{}
}
