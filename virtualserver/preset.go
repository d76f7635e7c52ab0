package virtualserver

// The presets.
const (
	// Recommended rates by how long the run, and the runs next to it, would take.
	Recommended = "recommended"
	// Plain rates by the familiar indicators, projected.
	Plain = "plain"
	// Talend rates by raw samples, as Talend Administration Center does.
	Talend = "talend"
)

// DefaultPreset is that of a virtual server that names none.
const DefaultPreset = Recommended

// Preset is a list of indicators with a name.
type Preset struct {
	Name       string      `json:"name"`
	Meaning    string      `json:"meaning"`
	Indicators []Indicator `json:"indicators"`
}

var presets = []Preset{
	{Recommended, "How long the run, and the runs next to it, would take there.", []Indicator{
		{"expected_stretch", -1, 0, 4},
		{"neighbour_delay", -1, 0, 3},
		{"load_per_cpu", -1, 0, 0.004},
	}},
	{Plain, "Idle processors, load, speed and free memory, as they would be with the run.", []Indicator{
		{"cpu_idle", 1, 2, 0.1},
		{"load_per_cpu", 0, 1, 3.5},
		{"load_per_cpu", 0, 0.8, 2},
		{"work_time", 0, 0.5, 2.5},
		{"memory_free", 0.08, 1.08, 17},
	}},
	// Talend publishes its formula and indicators, and not its bounds. An upper bound lies 1024 ranges above the lower
	// one, so that plenty is never punished; the weight makes up for it: 4 × 1024 means that having nothing costs 4.
	{Talend, "The newest sample alone, with Talend's indicators and units.", []Indicator{
		{"free_disk", 10 << 20, 1025 * (10 << 20), 4 * 1024},
		{"free_memory", 4 << 30, 1025 * (4 << 30), 8 * 1024},
		{"free_swap", 1 << 30, 1025 * (1 << 30), 1024},
		{"idle_cpu", 1, 2, 8},
		{"nice_cpu", -1, 0, 1},
		{"total_cpu", -1, 0, 4},
		{"cpu_count", 1, 1025, 4 * 1024},
	}},
}

// Presets lists the presets, the default first. The lists are the caller's own.
func Presets() []Preset {
	all := append([]Preset(nil), presets...)
	for i := range all {
		all[i].Indicators = append([]Indicator(nil), all[i].Indicators...)
	}
	return all
}

// List returns the indicators by which r rates. What [Rating.Validate] refuses rates as the default preset does.
func (r Rating) List() []Indicator {
	if r.Preset == "" && len(r.Indicators) > 0 {
		return r.Indicators
	}
	for _, p := range presets {
		if p.Name == r.Preset {
			return p.Indicators
		}
	}
	return presets[0].Indicators
}
