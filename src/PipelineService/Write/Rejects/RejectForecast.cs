namespace PipelineService.Write.Rejects;

/// <summary>
/// How a job gets on with the constraints of its table: whether sending a chunk in one piece is still the better bet. A
/// refused COPY costs the work of the whole chunk; screening all rows first costs about as much, each time.
/// </summary>
/// <remarks>
/// Shared by the workers without a lock, and by the attempts of a job: a chunk sent the other way is slower, never wrong.
/// </remarks>
public sealed class RejectForecast
{
    private const int Miss = 4;
    private const int ScreensFrom = 8;
    private const int Worst = 16;
    private int _score;
    private int _oneByOne;

    /// <summary>Whether any row was refused so far.</summary>
    public bool Any { get; private set; }

    /// <summary>Whether refusals are rare, or foretold by the job's own keys.</summary>
    public bool AreForetold => _score < ScreensFrom;

    /// <summary>A COPY was refused.</summary>
    /// <param name="wasForetold">Whether a repeated key explains it, which will be left out from now on.</param>
    public void Met(bool wasForetold)
    {
        Any = true;
        _score = wasForetold ? _score : Math.Min(Worst, _score + Miss);
    }

    /// <summary>Whether some row raises what ends a session: then no row is sent but through PostgreSQL's own hands.</summary>
    public bool EndSessions { get; private set; }

    /// <summary>A row has ended the session in which it was sent.</summary>
    public void EndedSession() => EndSessions = true;

    /// <summary>Whether a refusal was met where none was thought possible: then there are savepoints in any case.</summary>
    public bool NeedSavepoints { get; private set; }

    /// <summary>A refusal was met behind which there was no savepoint.</summary>
    public void MetUnforeseen()
    {
        Any = true;
        NeedSavepoints = true;
    }

    /// <summary>Rows had to be inserted one by one.</summary>
    /// <returns>True the first time.</returns>
    public bool TellOneByOne() => Interlocked.Exchange(ref _oneByOne, 1) == 0;

    /// <summary>A chunk was screened; one without refusals is a reason to trust again.</summary>
    public void Screened(bool foundAny) => _score = foundAny ? Math.Min(Worst, _score + 1) : Math.Max(0, _score - 1);
}
