using System.Collections.Immutable;
using PipelineService.Core.Scoring;

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
    private ImmutableDictionary<int, ScoreModel> _models = ImmutableDictionary<int, ScoreModel>.Empty;

    /// <summary>Of ops that look nothing up.</summary>
    public static ExternalAnswers None { get; } = new(
        ImmutableDictionary<int, LookupTable>.Empty, static (use, _, _) => throw new InvalidOperationException($"Nobody knows {use.Dataset}."));

    /// <summary>The same, and by the index of an op the model that it asks.</summary>
    public ExternalAnswers With(ImmutableDictionary<int, ScoreModel> models) => new(tables, ask) { _models = models };

    /// <summary>The model that an op asks; null when it asks none.</summary>
    public ScoreModel? ModelOf(int op) => _models.GetValueOrDefault(op);

    /// <summary>All rows that an op may need; null when it has to ask.</summary>
    public LookupTable? TableOf(int op) => tables.GetValueOrDefault(op);

    /// <inheritdoc cref="AskForRows"/>
    public Task<LookupTable> AskAsync(LookupUse use, ChunkQuestions questions, CancellationToken cancellationToken) =>
        ask(use, questions, cancellationToken);
}

/// <summary>
/// What a chunk has been answered: by the index of an op the rows that it has asked for. All that is held of a chunk beside its bytes
/// while it waits.
/// </summary>
public sealed class ChunkAnswers
{
    private readonly Dictionary<int, LookupTable> _tables = [];
    private readonly Dictionary<int, ChunkScores> _scores = [];

    /// <summary>Bytes that it takes.</summary>
    public long Bytes => _tables.Values.Sum(table => table.Bytes);

    internal LookupTable? TableOf(int op) => _tables.GetValueOrDefault(op);

    /// <summary>What a model has given; it lies with the worker.</summary>
    internal ChunkScores? ScoresFor(int op) => _scores.GetValueOrDefault(op);

    internal void Add(int op, LookupTable rows) => _tables.Add(op, rows);

    internal void Add(int op, ChunkScores scores) => _scores.Add(op, scores);
}
