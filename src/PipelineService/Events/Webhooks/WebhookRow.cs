using PipelineService.Access;

namespace PipelineService.Events.Webhooks;

/// <summary>A row of <c>pipeline.webhooks</c>.</summary>
internal sealed record WebhookRow
{
    public required string Name { get; init; }

    public required string Url { get; init; }

    /// <summary>Null: all.</summary>
    public string[]? Types { get; init; }

    /// <summary>Names, and beginnings of names with a star behind; null: all that its maker could see.</summary>
    public string[]? Datasets { get; init; }

    public bool Disabled { get; init; }

    /// <summary>Why the service has disabled it; null when somebody has.</summary>
    public string? DisabledReason { get; init; }

    public string? Tenant { get; init; }

    public string? Source { get; init; }

    public required string[] OwnerDatasets { get; init; }

    /// <summary>The key by which it was made or changed last; null: none that was made here.</summary>
    public Guid? OwnerKey { get; init; }

    /// <summary>Whether that key lets somebody in.</summary>
    public bool IsOwnerGood { get; init; } = true;

    public required string CreatedBy { get; init; }

    public required DateTime CreatedAt { get; init; }

    public required DateTime UpdatedAt { get; init; }

    public DateTime? RotatedAt { get; init; }

    public required Guid Id { get; init; }

    public string[] HeaderNames { get; init; } = [];

    /// <summary>As <see cref="WebhookVault"/> keeps it, as are the next two.</summary>
    public required byte[] Headers { get; init; }

    public required byte[] Secret { get; init; }

    public byte[]? PreviousSecret { get; init; }

    public DateTime? PreviousUntil { get; init; }

    /// <summary>Whether the caller may see all that the webhook is told of.</summary>
    public bool IsSeenBy(Caller caller) => caller.Covers(DatasetPatterns.Of(OwnerDatasets), Source, Tenant);
}

/// <summary>What a webhook is to be.</summary>
/// <param name="Types">Null: all.</param>
/// <param name="Datasets">Null: all.</param>
/// <param name="Headers">Null: as they are.</param>
internal sealed record WebhookSettings(
    string Url, string[]? Types, DatasetPatterns? Datasets, IReadOnlyDictionary<string, string>? Headers, bool Disabled);
