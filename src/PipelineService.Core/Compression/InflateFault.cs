namespace PipelineService.Core.Compression;

/// <summary>What is wrong with data that is not as RFC 1951 says.</summary>
public enum InflateFault
{
    None,
    UnknownBlock,
    StoredLength,
    TooManySymbols,
    CodeLengths,
    NoEndOfBlock,
    UnknownSymbol,
    TooFarBack,
}
