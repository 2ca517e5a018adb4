using Npgsql;
using PipelineService.Core.Encoding;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;
using PipelineService.Write.Targets;

namespace PipelineService.Write.Rejects;

/// <summary>The rows of a chunk while they are loaded, and what has become of them so far.</summary>
/// <param name="repeats">0-based indexes of those that may repeat a key of the job, ascending.</param>
/// <param name="isSearch">Whether what they meet is looked into, behind savepoints.</param>
internal sealed class RowsAtHand(RowBuffer rows, int[] repeats, bool isSearch)
{
    /// <summary>
    /// So many rows that each fail alone for a reason that is no row's, before any row has landed, and the reason is the table's.
    /// </summary>
    private const int SuspectsMax = 32;

    private bool _hasLanded;
    private int _suspects;

    public RowBuffer Rows => rows;

    public int[] Repeats => repeats;

    public bool IsSearch => isSearch;

    public RowOutcome Outcome { get; } = new();

    public void Landed(int count) => _hasLanded |= count > 0;

    /// <summary>
    /// What a row alone raises is the row's. But where the code says that the statement or the table is wrong and no row of the
    /// chunk lands, it is right: a permission that was taken away must not reject good rows.
    /// </summary>
    /// <exception cref="JobFaultException">It is.</exception>
    public void Refuse(int index, PostgresException error, TargetConstraints constraints)
    {
        bool isSuspect = SqlFaults.Of(error) == SqlFault.Statement;
        _suspects += isSuspect ? 1 : 0;
        if (isSuspect && !_hasLanded && (_suspects == SuspectsMax || _suspects == rows.Count))
        {
            throw new JobFaultException(TargetProblems.Refused(constraints.Words.Told(error)));
        }

        Outcome.Add(
            constraints.Words.Of(index, error.SqlState, error.MessageText, error.ConstraintName, error.ColumnName),
            constraints.MayTakeLater(error.ConstraintName));
    }
}
