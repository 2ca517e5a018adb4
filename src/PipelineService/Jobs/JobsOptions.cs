using FluentValidation;

namespace PipelineService.Jobs;

/// <summary>Section <c>Jobs</c>: how jobs are claimed, followed and ended.</summary>
public sealed class JobsOptions
{
    /// <summary>
    /// How long an instance may run jobs without renewing its lease, which covers all of them; after that others take them over.
    /// Default 9 s, 1 s to 10 minutes. Renewed three times as often.
    /// </summary>
    public TimeSpan LeaseTime { get; set; } = TimeSpan.FromSeconds(9);

    /// <summary>
    /// How often the database is asked for jobs that no signal told of: those of other instances, to be run here or
    /// waited for by clients. Default 1 s, 50 ms to 1 minute.
    /// </summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How often counts and progress of a running job are written, for those who ask another instance, and how often it is
    /// looked whether somebody has asked for its end there. Default 1 s, 100 ms to 1 minute. A job that has run for more than a
    /// hundred times as long writes less often: after another hundredth of its time.
    /// </summary>
    public TimeSpan ProgressInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How often a job may end its process, and how many tries in a row may take too long over a chunk
    /// (<c>Write:ChunkTimeout</c>) or fail for an unknown reason without coming further than those before, until it is failed.
    /// Default 3, 1 to 20. Outages, a table that somebody holds, and graceful stops do not count.
    /// </summary>
    public int AttemptsMax { get; set; } = 3;

    /// <summary>
    /// How long a job is kept after its end, with its checkpoints and its dead letters. Default 30 days, 0 to 3,650 days; 0
    /// keeps all for ever. A job of which the spool still holds bytes is kept beyond that.
    /// </summary>
    public TimeSpan Keep { get; set; } = TimeSpan.FromDays(30);

    /// <summary>
    /// How long an idempotency key is remembered after the end of its job: at least as long as the job is kept
    /// (<see cref="Keep"/>). Default 90 days, 0 to 3,650 days.
    /// </summary>
    public TimeSpan KeysKeep { get; set; } = TimeSpan.FromDays(90);

    /// <summary>
    /// How long a job waits for its table, or for rows of it, which somebody holds (<c>waitingFor: "table"</c>), before it is
    /// failed. Default 1 day, 1 second to 365 days. Meanwhile it holds no session; each try waits for <c>Write:LockTimeout</c>.
    /// </summary>
    public TimeSpan TableWaitMax { get; set; } = TimeSpan.FromDays(1);

    /// <summary>
    /// How long a job whose rows break rules of its dataset (<c>quality.onBreach: "hold"</c>) waits for somebody to approve or reject it,
    /// before it is failed. Default 7 days, 1 minute to 365 days. Meanwhile it holds no session; its bytes stay in the spool.
    /// </summary>
    public TimeSpan ApprovalWaitMax { get; set; } = TimeSpan.FromDays(7);

    /// <summary>
    /// How long the figures of a job are kept by which later ones are measured (<c>quality</c>), whether the job is kept or not. Default
    /// 400 days, 1 to 3,650 days.
    /// </summary>
    public TimeSpan FiguresKeep { get; set; } = TimeSpan.FromDays(400);

    /// <summary>The longest <c>Prefer: wait</c> that is honoured. Default 1 minute, 0 to 10 minutes.</summary>
    public TimeSpan WaitMax { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Jobs or dead letters of one page when the client asks for more or for none. Default 100, 1 to 1,000.</summary>
    public int PageSize { get; set; } = 100;

    /// <summary>Jobs or dead letters of one page at most. Default 1,000, <see cref="PageSize"/> to 10,000.</summary>
    public int PageSizeMax { get; set; } = 1_000;
}

/// <summary>The bounds of <see cref="JobsOptions"/>.</summary>
public sealed class JobsOptionsValidator : AbstractValidator<JobsOptions>
{
    public JobsOptionsValidator()
    {
        RuleFor(o => o.LeaseTime).InclusiveBetween(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        RuleFor(o => o.PollInterval).InclusiveBetween(TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1));
        RuleFor(o => o.ProgressInterval).InclusiveBetween(TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        RuleFor(o => o.AttemptsMax).InclusiveBetween(1, 20);
        RuleFor(o => o.Keep).InclusiveBetween(TimeSpan.Zero, TimeSpan.FromDays(3_650));
        RuleFor(o => o.KeysKeep).InclusiveBetween(TimeSpan.Zero, TimeSpan.FromDays(3_650));
        RuleFor(o => o.TableWaitMax).InclusiveBetween(TimeSpan.FromSeconds(1), TimeSpan.FromDays(365));
        RuleFor(o => o.ApprovalWaitMax).InclusiveBetween(TimeSpan.FromMinutes(1), TimeSpan.FromDays(365));
        RuleFor(o => o.FiguresKeep).InclusiveBetween(TimeSpan.FromDays(1), TimeSpan.FromDays(3_650));
        RuleFor(o => o.WaitMax).InclusiveBetween(TimeSpan.Zero, TimeSpan.FromMinutes(10));
        RuleFor(o => o.PageSize).InclusiveBetween(1, 1_000);
        RuleFor(o => o.PageSizeMax).InclusiveBetween(1, 10_000)
            .GreaterThanOrEqualTo(o => o.PageSize).WithMessage("PageSizeMax must not be below PageSize.");
    }
}
