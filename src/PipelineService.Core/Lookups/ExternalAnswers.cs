using System.Collections.Immutable;

namespace PipelineService.Core.Lookups;

/// <summary>Asks for the rows of what the records of a chunk need.</summary>
/// <param name="use">What is asked of which dataset.</param>
/// <param name="questions">The keys.</param>
/// <returns>Those rows that there are.</returns>
public delegate Task<LookupTable> AskForRows(LookupUse use, ChunkQuestions questions, CancellationToken cancellationToken);

/// <summary>
/// Where the ops of a job have their answers from that are not in its records: pinned, the same for each of its attempts.
/// </summary>
/// <param name="tables">By the index of an op all rows that it may need; an op that has none asks chunk by chunk.</param>
/// <param name="ask">Whom it asks then.</param>
public sealed class ExternalAnswers(ImmutableDictionary<int, LookupTable> tables, AskForRows ask)
{
    private readonly ImmutableDictionary<int, LookupTable> _tables = tables;
    private readonly AskForRows _ask = ask;

    /// <summary>The same with somebody who asks services.</summary>
    /// <param name="others">Where the other ops have their answers from; null: there are none.</param>
    /// <param name="askService">Who asks.</param>
    public static ExternalAnswers With(ExternalAnswers? others, AskService askService) => new(
        others?._tables ?? ImmutableDictionary<int, LookupTable>.Empty,
        others?._ask ?? (static (use, _, _) => throw new InvalidOperationException($"Nobody knows where \"{use.Dataset}\" is.")))
    {
        AskService = askService,
    };

    /// <summary>All rows that an op may need; null when it has to ask.</summary>
    public LookupTable? TableOf(int op) => _tables.GetValueOrDefault(op);

    /// <summary>Who asks services; null where no op does.</summary>
    public AskService? AskService { get; init; }

    /// <inheritdoc cref="AskForRows"/>
    public Task<LookupTable> AskAsync(LookupUse use, ChunkQuestions questions, CancellationToken cancellationToken) =>
        _ask(use, questions, cancellationToken);
}

/// <summary>
/// What a chunk has been answered: by the index of an op the rows that it has asked for. All that is held of a chunk beside its bytes
/// while it waits.
/// </summary>
public sealed class ChunkAnswers
{
    private readonly Dictionary<int, LookupTable> _tables = [];

    /// <summary>Bytes that it takes.</summary>
    public long Bytes => _tables.Values.Sum(table => table.Bytes);

    internal LookupTable? TableOf(int op) => _tables.GetValueOrDefault(op);

    internal void Add(int op, LookupTable rows) => _tables.Add(op, rows);
}
