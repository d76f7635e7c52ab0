package task

// Job is the program that a task runs: exactly one of Command, Script, Steps and Archive.
type Job struct {
	// Command is an argument vector. It is executed without a shell; each element is filled in by [Fill].
	Command []string `json:"command,omitempty" doc:"Argument vector, executed without a shell."`
	// Script is text handed to an interpreter as a file.
	Script *Script `json:"script,omitempty" doc:"Text that is run by an interpreter."`
	// Steps are commands run one after the other; the first that fails ends the run.
	Steps []Step `json:"steps,omitempty" doc:"Named commands, run in order; the first that fails ends the run."`
	// Archive is a package that is stored at the conductor and brought to the server.
	Archive *Archive `json:"archive,omitempty" doc:"A package of a job, as it was uploaded as an archive."`
	// Env is added to the clean environment in which the job starts.
	Env map[string]string `json:"env,omitempty" doc:"Variables added to the job's environment."`
	// RunAs is the user of the execution host as whom the job runs; empty is the user of the job server's agent. A server
	// takes it only where its own settings permit the user.
	RunAs string `json:"run_as,omitempty" doc:"User of the operating system as whom the job runs, where the job server's own settings permit that; by default the agent's user."`
}

// Script is a program text and the command that runs it.
type Script struct {
	// Interpreter is the argument vector before the name of the script's file; by default /bin/sh.
	Interpreter []string `json:"interpreter,omitempty" doc:"Argument vector to which the script's file is appended; by default [\"/bin/sh\"]."`
	// Text is at most MaxScript bytes.
	Text string `json:"text" doc:"The script."`
}

// Step is one named command of a job of several steps.
type Step struct {
	Name    string   `json:"name" doc:"Name of the step, unique in the job."`
	Command []string `json:"command" doc:"Argument vector, executed without a shell."`
	// Keep are patterns of files below the working directory that go into the checkpoint which follows the step, and
	// that a recovered attempt finds there again.
	Keep []string `json:"keep,omitempty" doc:"Patterns of files that the checkpoint after this step holds."`
}

// Resources is what one run needs. Zero values mean "not declared": then what earlier runs used is taken.
type Resources struct {
	// CPU is a number of cores, such as 0.5.
	CPU float64 `json:"cpu,omitempty" doc:"Cores that a run needs, such as 0.5."`
	// Memory is in bytes.
	Memory Bytes `json:"memory,omitempty" doc:"Memory that a run needs, such as \"1GiB\"."`
	// Slots is how many of a server's slots a run takes; 0 means 1.
	Slots int `json:"slots,omitempty" doc:"How many of a server's slots a run takes; by default 1."`
}
