using FluentValidation;

namespace PipelineService.Write;

/// <summary>Section <c>Write</c>: the sessions that load rows.</summary>
public sealed class WriteOptions
{
    /// <summary>
    /// Write sessions (connections with an open transaction) of all jobs together. A quarter of them, at least one, is kept for
    /// tables that have none, one for each. Default 8, 1 to 500; the pool (<c>Hosting:PoolSizeMax</c>) must hold them and 5 more.
    /// </summary>
    public int SessionsMax { get; set; } = 8;

    /// <summary>
    /// Write sessions of one job; a job whose table has a unique index or a trigger loads through one. Default 3, 1 to
    /// <see cref="SessionsMax"/>.
    /// </summary>
    public int SessionsPerJobMax { get; set; } = 3;

    /// <summary>
    /// Write sessions of jobs whose upload is still arriving, so that slow clients cannot pin them all; further uploads
    /// are loaded once they have arrived. Default 6, 0 to <see cref="SessionsMax"/>; 0 loads nothing early.
    /// </summary>
    public int SessionsReceivingMax { get; set; } = 6;

    /// <summary>
    /// Of the sessions that are kept for others so many are for jobs below 4 MiB alone: it is big jobs, not many, that a small one would
    /// wait for. One of those that are kept stays for any job, so that with 4 sessions and fewer there is none. Default 1, 0 to 100.
    /// </summary>
    public int SessionsSmall { get; set; } = 1;

    /// <summary>
    /// Small uploads of one dataset (of one chunk each) that may be loaded in one transaction, when several are there. Default
    /// 64, 1 to 1,000; 1 loads each by itself.
    /// </summary>
    public int JobsTogetherMax { get; set; } = 64;

    /// <summary>
    /// Bytes in which a job whose table has a unique index remembers the keys that it has sent, so that repeated ones do not
    /// cost refused chunks; for each 1.5 bytes one key. Rounded up to a power of two. Default 8 MiB, 0 (off) to 1 GiB.
    /// </summary>
    public int KeyFilterBytes { get; set; } = 8 << 20;

    /// <summary>
    /// How long the database may take over one statement of a chunk before it is rolled back and the chunk is sent in parts; one
    /// record that takes longer, or two together, fail the job. Default 2 minutes, 1 second to 1 hour.
    /// </summary>
    public TimeSpan ChunkTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// How long a session waits for a lock on the target table (somebody alters it), before the job gives its sessions back and
    /// waits without, up to <c>Jobs:TableWaitMax</c>. Default 30 s, 1 second to <see cref="ChunkTimeout"/>.
    /// </summary>
    public TimeSpan LockTimeout { get; set; } = TimeSpan.FromSeconds(30);
}

/// <summary>The bounds of <see cref="WriteOptions"/>.</summary>
public sealed class WriteOptionsValidator : AbstractValidator<WriteOptions>
{
    public WriteOptionsValidator()
    {
        RuleFor(o => o.SessionsMax).InclusiveBetween(1, 500);
        RuleFor(o => o.SessionsPerJobMax).InclusiveBetween(1, 500)
            .LessThanOrEqualTo(o => o.SessionsMax).WithMessage("SessionsPerJobMax must not exceed SessionsMax.");
        RuleFor(o => o.SessionsReceivingMax).InclusiveBetween(0, 500)
            .LessThanOrEqualTo(o => o.SessionsMax).WithMessage("SessionsReceivingMax must not exceed SessionsMax.");
        RuleFor(o => o.SessionsSmall).InclusiveBetween(0, 100);
        RuleFor(o => o.JobsTogetherMax).InclusiveBetween(1, 1_000);
        RuleFor(o => o.KeyFilterBytes).InclusiveBetween(0, 1 << 30);
        RuleFor(o => o.ChunkTimeout).InclusiveBetween(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        RuleFor(o => o.LockTimeout).GreaterThanOrEqualTo(TimeSpan.FromSeconds(1))
            .LessThanOrEqualTo(o => o.ChunkTimeout).WithMessage("LockTimeout must not exceed ChunkTimeout.");
    }
}
