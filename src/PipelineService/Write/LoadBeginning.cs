using PipelineService.Datasets.Tables;

namespace PipelineService.Write;

/// <summary>The end of a table before the first row of a load landed, as its sessions saw it, each before its own rows.</summary>
public sealed class LoadBeginning
{
    private readonly Lock _lock = new();
    private TablePlace? _place;
    private bool _isSeen;

    /// <summary>Null where no session has begun, the table has no file of its own, or got another one meanwhile.</summary>
    public TablePlace? Place
    {
        get
        {
            lock (_lock)
            {
                return _place;
            }
        }
    }

    /// <param name="place">Null: the table has none.</param>
    public void See(TablePlace? place)
    {
        lock (_lock)
        {
            _place = !_isSeen ? place
                : place is { } now && _place is { } before && now.File == before.File
                    ? before with { Blocks = Math.Min(before.Blocks, now.Blocks) }
                    : null;
            _isSeen = true;
        }
    }
}
