using System.Collections.Immutable;

namespace PipelineService.Core.Scoring;

/// <summary>A version of a model as an op of a job uses it. Shared by all workers.</summary>
public abstract class ScoreModel
{
    /// <summary>What goes where.</summary>
    public abstract ScoreLayout Layout { get; }

    /// <summary>Room for a block of records, for one worker at a time; given back by <see cref="Return"/>.</summary>
    public abstract ScoreBlock Rent();

    /// <summary>Takes a block back, for others.</summary>
    public abstract void Return(ScoreBlock block);
}

/// <summary>
/// The records that a model is given at once, and what it gives for them: a buffer for each tensor, row after row, at an address that does
/// not change.
/// </summary>
public abstract class ScoreBlock
{
    /// <summary>Records that have room.</summary>
    public abstract int Capacity { get; }

    /// <summary>For each input its rows; empty for text.</summary>
    public abstract ImmutableArray<byte[]> Inputs { get; }

    /// <summary>For each output that is used its rows; empty for text.</summary>
    public abstract ImmutableArray<byte[]> Outputs { get; }

    /// <summary>Gives an input of text a value.</summary>
    /// <param name="input">0-based index.</param>
    /// <param name="place">0-based place among all values of it.</param>
    public abstract void SetText(int input, int place, ReadOnlySpan<byte> text);

    /// <summary>A value of an output of text.</summary>
    /// <param name="output">0-based index.</param>
    /// <param name="place">0-based place among all values of it.</param>
    public abstract ReadOnlySpan<byte> TextOf(int output, int place);

    /// <summary>Lets the model give its values for so many rows.</summary>
    /// <param name="rows">At least one, and no more than <see cref="Capacity"/>.</param>
    /// <returns>False when it cannot, because of a value of one of them.</returns>
    public abstract bool TryRun(int rows);

    /// <summary>Keeps the rows of the inputs as they are, to try parts of them.</summary>
    public abstract void Save(int rows);

    /// <summary>Makes rows that were kept the first ones.</summary>
    public abstract void Restore(int start, int rows);
}
